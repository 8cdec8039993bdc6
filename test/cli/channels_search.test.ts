import { beforeAll, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { ChannelsScript } from "../support/channels_script.ts";
import { deleted, said } from "../support/convex/events.ts";

/* `search`, on a deployment that searches as Convex does. */

const script = new ChannelsScript().use();
let id = "";

const AT = Date.UTC(2030, 0, 2, 3, 4);

beforeAll(async () => {
  id = script.newId();
  await script.run(["map", "discord", id, "--to", "support", "--trigger", "never", "--no-check"]);
  const mappingId = (await script.mappingOf(id))?.mappingId;
  if (!mappingId) throw new Error("not mapped");
  const gone = said(mappingId, { content: "deleted tea", sentAt: AT + 3 });
  const events = [
    said(mappingId, { content: "black tea", sentAt: AT }),
    said(mappingId, {
      content: "(Green) tea,\u001B[2J\nplease!",
      sentAt: AT + 1,
      threadId: "42",
      threadName: "drinks",
    }),
    said(mappingId, { content: "teapots with cups and spoons", sentAt: AT + 2 }),
    gone,
    deleted(mappingId, gone.externalId),
  ];
  const bridge = await script.client("discord");
  await bridge.mutation(api.bridge.ingest, { events, advance: [] });
});

test("shows where and by whom it was said, the most relevant first", async () => {
  const { code, stdout, stderr } = await script.run(["search", "support", "GREEN tea"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(
    [
      `2030-01-02 03:04  discord ${id}, thread drinks  Bob`,
      "    (Green) tea, [2J",
      "    please!",
      `2030-01-02 03:04  discord ${id}  Bob`,
      "    black tea",
      `2030-01-02 03:04  discord ${id}  Bob`,
      "    teapots with cups and spoons",
      "",
    ].join("\n"),
  );
});

test("--limit and --json; nothing of deleted messages", async () => {
  const { stdout } = await script.run(["search", "support", "green", "--limit", "1", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject([{ author: "Bob", channel: id, threadId: "42" }]);
  const none = await script.run(["search", "support", "deleted"]);
  expect(none).toMatchObject({ code: 0, stdout: "No message has any of these words.\n" });
});

test.each([
  [1, ["search", "support", "…"], "nothing to search for"],
  [1, ["search", "support", "a ".repeat(17)], "at most 16 words"],
  [
    1,
    ["search", "nowhere", "tea"],
    "no private channel has that name or id: npm run channels -- list",
  ],
  [2, ["search", "support", "tea", "--limit", "51"], "It must be a number from 1 to 50."],
  [2, ["search", "support"], "missing required argument 'text'"],
] as const)("exits with %i: %j", async (code, args, message) => {
  const ended = await script.run(args);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(message);
});
