import { describe, expect, it } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import type { Delivery } from "../../../bridges/platform.ts";
import { delivery } from "../recording_core.ts";
import { type Setup, soon, start, useSlackStage } from "./stage.ts";

useSlackStage();

const SCOPE = "chat:write.customize";
const avatarUrl = "https://example.com/ada.png";

function relayed({ channel }: Setup, fields: Partial<Delivery> = {}): Delivery {
  const author = { name: "Ada", avatarUrl };
  const at = { channel, firstClaimedAt: Date.now() };
  return delivery({ ...at, relayed: true, author, origin: "m1 5", ...fields });
}
const piece = (text: string) => ({ text, upTo: text.length, isFirst: true });
const post = (setup: Setup, fields: Partial<Delivery> = {}, text = "hello", part = 0) =>
  setup.bridge.post(relayed(setup, fields), part, piece(text), soon());
const edit = (setup: Setup, id: string, text: string, fields: Partial<Delivery> = {}) =>
  setup.bridge.edit(relayed(setup, fields), id, piece(text), soon());
const shown = ({ slack, channel }: Setup) =>
  slack
    .transcript(channel)
    .map(({ author, text }) => `${author}: ${text.replaceAll("\u2060", "")}`);

describe("a relayed message", () => {
  it("has its author's name and picture, and the bot's mark and origin", async () => {
    const setup = await start();
    await post(setup);
    expect(setup.slack.posts).toMatchObject([
      {
        persona: { name: "Ada", avatarUrl },
        metadata: { event_payload: { delivery_id: "d1", part: 0, origin: "m1 5" } },
        pings: [],
      },
    ]);
    expect(shown(setup)).toEqual(["Ada: hello"]);
  });

  it.each([
    ["", "somebody"],
    ["two\nlines", "two lines"],
    ["x".repeat(100), "x".repeat(80)],
  ])("of %j is posted as %j", async (name, altered) => {
    const setup = await start();
    // Slack takes pictures by https only.
    await post(setup, { author: { name, avatarUrl: "http://example.com/a.png" } });
    expect(setup.slack.posts).toMatchObject([{ persona: { name: altered } }]);
    expect(setup.slack.posts[0]?.persona).not.toHaveProperty("avatarUrl");
  });

  it("quotes what it answers, and nothing in names, quotes and text pings", async () => {
    const setup = await start();
    setup.slack.setScope(SCOPE, false);
    const author = { name: "<!channel> *Ada*" };
    const quote = { name: "@here", text: "<@U1> said `so`" };
    await post(setup, { author, quote }, "1. a list");
    const text = setup.slack.posts[0]?.text ?? "";
    expect(setup.slack.posts).toMatchObject([{ pings: [] }]);
    expect(text).not.toMatch(/<[!@]|@here/);
    expect(text.replaceAll("\u2060", "")).toMatch(
      /^> \*\*@here:\*\* .*said.*\n\n\*\*.*Ada.*:\*\*\n\n1\. a list$/s,
    );
  });

  it.each(["- a list", "| a | table |\n| - | - |", "```\ncode\n```", "> a quote", "# a title"])(
    "with the name in front has %j on lines of its own",
    async (text) => {
      const setup = await start({ scopes: ["channels:read", "chat:write"] });
      await post(setup, {}, text);
      expect(shown(setup)).toEqual([`bridge: **Ada:**\n\n${text}`]);
    },
  );
});

describe.each([
  ["refuses", false],
  ["leaves out", true],
])("without the scope, where Slack %s the name", (_, ignoresPersonas) => {
  it("says the name once, from the first message on, and through edits", async () => {
    const setup = await start({ ignoresPersonas });
    setup.slack.setScope(SCOPE, false);
    const first = await post(setup);
    await post(setup, { deliveryId: "d2" as Delivery["deliveryId"] }, "again");
    expect(shown(setup)).toEqual(["bridge: **Ada:** hello", "bridge: **Ada:** again"]);
    await edit(setup, first, "changed");
    setup.slack.setScope(SCOPE, true);
    await post(setup, { deliveryId: "d3" as Delivery["deliveryId"] }, "granted");
    await edit(setup, first, "changed again");
    expect(shown(setup)[0]).toBe("bridge: **Ada:** changed again");
  });

  it("leaves a message that has the name as it is when it is edited", async () => {
    const setup = await start({ ignoresPersonas });
    const id = await post(setup);
    setup.slack.setScope(SCOPE, false);
    await post(setup, { deliveryId: "d2" as Delivery["deliveryId"] }, "unnamed");
    await edit(setup, id, "changed");
    expect(shown(setup)[0]).toBe("Ada: changed");
  });
});

describe("a copy that is gone", () => {
  it("needs no edit and no deletion", async () => {
    const setup = await start();
    const id = await post(setup);
    setup.slack.remove({ channel: setup.channel, id });
    await edit(setup, id, "changed");
    await setup.bridge.remove(relayed(setup), id, soon());
    const lines = setup.lines.join("");
    expect(lines).not.toContain("hello");
    expect(lines).not.toContain(setup.slack.env.SLACK_BOT_TOKEN);
  });
});

describe("a relayed post whose answer was lost", () => {
  const find = (setup: Setup, fields: Partial<Delivery> = {}, part = 0) =>
    setup.bridge.find(relayed(setup, fields), part, piece("hello"), soon());
  const other = (id: string) => ({ deliveryId: id as Delivery["deliveryId"] });

  it("is found by its delivery, also under another name", async () => {
    const setup = await start();
    setup.slack.answerNext("chat.postMessage", "500AfterAccept");
    await expect(post(setup)).rejects.toMatchObject({ certain: false, retryable: true });
    await post(setup, { ...other("d2"), origin: "m1 6" });
    const [lost] = setup.slack.posts;
    expect(await find(setup)).toEqual({ status: "posted", externalId: lost?.id });
    expect(await find(setup, { ...other("d3"), origin: "m1 7" })).toEqual({ status: "absent" });
  });

  it("is found by its origin after a backup is restored, part by part", async () => {
    const setup = await start();
    const parts = [await post(setup), await post(setup, {}, "more", 1)];
    const again = { ...other("restored"), lookFirst: true };
    for (const [part, externalId] of parts.entries())
      expect(await find(setup, again, part)).toEqual({ status: "posted", externalId });
    expect(await find(setup, again, 2)).toEqual({ status: "absent" });
    expect(await find(setup, { ...again, origin: "m2 5" })).toEqual({ status: "absent" });
  });

  it("is uncertain if a post under another name does not show its delivery", async () => {
    const setup = await start();
    const { SLACK_API_URL = "", SLACK_BOT_TOKEN = "" } = setup.slack.env;
    await fetch(`${SLACK_API_URL}chat.postMessage`, {
      method: "POST",
      headers: { authorization: `Bearer ${SLACK_BOT_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ channel: setup.channel, text: "hello", username: "Ada" }),
    });
    expect(await find(setup)).toMatchObject({ status: "unsure" });
  });

  it("fails clearly where the bot is not in the channel", async () => {
    const setup = await start();
    setup.slack.setBotMember(setup.channel, false);
    const failed = await post(setup).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PlatformError);
    expect(failed).toMatchObject({ code: "not_in_channel", certain: true, mapping: true });
  });
});
