import { afterAll, beforeAll, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import type { PlatformName } from "../../bridges/platform.ts";
import type { AnswerFault } from "../../scripts/stand_ins/wire.ts";
import { eventually } from "../support/eventually.ts";
import { type Conversation, RelayStage } from "./relay_stage.ts";

/*
 * The answer to a post is lost. Every failure happens in the first seconds, in a conversation of its own; the tests check
 * what people see after the quarantine.
 */

const EXECUTE = "POST webhooks/:id/:token";
const CREATE = "POST channels/:id/messages";
const PATIENCE_MS = 60_000;

let stage: RelayStage;
const talks = new Map<string, Conversation>();

function talk(name: string): Conversation {
  const found = talks.get(name);
  if (!found) throw new Error(`no conversation ${name}`);
  return found;
}

/** Says something, and resolves once its post has arrived and the fault was applied. */
async function sayFailing(
  to: PlatformName,
  name: string,
  text: string,
  fault: AnswerFault = "500AfterAccept",
  route: typeof EXECUTE | typeof CREATE = EXECUTE,
): Promise<string> {
  const request = to === "discord" ? route : "chat.postMessage";
  const { wire } = stage.stack[to];
  const arrived = () =>
    wire.filter((entry) => entry.direction === "in" && entry.name === request).length;
  const before = arrived();
  if (to === "discord") stage.stack.discord.answerNext(route, fault);
  else stage.stack.slack.answerNext(request, fault);
  const from = to === "discord" ? "slack" : "discord";
  const id = talk(name).say(from, from === "slack" ? "Grace" : "Ada", text);
  await eventually(() => expect(arrived()).toBe(before + 1), { interval: 20 });
  return id;
}

/** Waits until nothing is in progress, and expects nothing to have failed. */
async function expectSettled(name: string): Promise<void> {
  const own = (channel: string) => Object.values(talk(name).channels).includes(channel);
  await eventually(
    async () => {
      const { mappings, failed } = await stage.admin.query(api.admin.status, {});
      const open = mappings.filter(({ externalId }) => own(externalId)).map((each) => each.open);
      expect(open).toEqual([0, 0]);
      expect(failed.filter(({ channel }) => own(channel))).toEqual([]);
    },
    { timeout: PATIENCE_MS, interval: 500 },
  );
}

beforeAll(async () => {
  stage = await RelayStage.open();
  const { discord } = stage.stack;
  for (const name of NAMES) talks.set(name, await stage.conversation(name));
  const gone = { webhooks: true };
  discord.deny(talk("permission got").channels.discord, gone);
  await stage.stack.startBridge();

  for (const to of ["discord", "slack"] as const) {
    await sayFailing(to, `${to} accepted`, "once");
    await sayFailing(to, `${to} cut off`, "once", "hangAfterAccept");
    await sayFailing(to, `${to} not accepted`, "once", "hang");
    await sayFailing(to, `${to} twice`, "ok");
    talk(`${to} twice`).say(to === "discord" ? "slack" : "discord", "Bob", "ok");
    const edited = await sayFailing(to, `${to} edited`, "first");
    talk(`${to} edited`).edit(to === "discord" ? "slack" : "discord", edited, "second");
    const deleted = await sayFailing(to, `${to} deleted`, "gone");
    talk(`${to} deleted`).remove(to === "discord" ? "slack" : "discord", deleted);
    const root = await sayFailing(to, `${to} thread`, "root");
    const from = to === "discord" ? "slack" : "discord";
    const thread = stage.stack
      .chat(from)
      .openThread({ channel: talk(`${to} thread`).channels[from], id: root, name: "T" });
    talk(`${to} thread`).say(from, "Bob", "inside", { thread });
  }
  await sayFailing("discord", "permission lost", "once");
  const { discord: lost } = talk("permission lost").channels;
  discord.deny(lost, gone);
  for (const { id } of discord.guild.webhooksOf(lost)) discord.guild.removeWebhook(id);
  await sayFailing("discord", "permission got", "once", "500AfterAccept", CREATE);
  discord.deny(talk("permission got").channels.discord, {});
}, 120_000);

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

const CASES = ["accepted", "cut off", "not accepted", "twice", "edited", "deleted", "thread"];
const NAMES = [
  ...["discord", "slack"].flatMap((to) => CASES.map((name) => `${to} ${name}`)),
  ...["permission lost", "permission got"],
];

const seen = (name: string, to: PlatformName, thread?: string) => talk(name).lines(to, thread);

test.each([
  ["discord", "Grace"],
  ["slack", "Ada"],
] as const)(
  "on %s everything is there once",
  async (to, author) => {
    for (const name of CASES) await expectSettled(`${to} ${name}`);
    for (const name of ["accepted", "cut off", "not accepted"])
      expect(seen(`${to} ${name}`, to)).toEqual([`${author}: once`]);
    expect(seen(`${to} twice`, to)).toEqual([`${author}: ok`, "Bob: ok"]);
    expect(seen(`${to} edited`, to)).toEqual([`${author}: second`]);
    expect(seen(`${to} deleted`, to)).toEqual([]);
    expect(seen(`${to} thread`, to)).toEqual([`${author}: root`]);
    const root = talk(`${to} thread`).seen(to)[0]?.id;
    expect(seen(`${to} thread`, to, root)).toContain("Bob: inside");
  },
  120_000,
);

test("a post by a webhook that is gone with its permission is not repeated by the bot", async () => {
  await expectSettled("permission lost");
  expect(seen("permission lost", "discord")).toEqual(["Grace: once"]);
}, 90_000);

test("a post by the bot is not repeated by the webhook that it has got since", async () => {
  await expectSettled("permission got");
  const texts = talk("permission got").seen("discord");
  expect(texts.map(({ text }) => text)).toEqual(["**Grace:** once"]);
}, 90_000);

test("every copy was posted once, whatever was deleted since", () => {
  const { discord, slack } = stage.stack;
  const counts = new Map<string, number>();
  for (const { channel, thread = "", text } of [...discord.posts, ...slack.posts]) {
    const key = [channel, thread, text].join(" ");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const repeated = [...counts]
    .filter(([, count]) => count > 1)
    .map(([key]) => key.split(" ").at(-1));
  // Two people said so.
  expect(repeated).toEqual(["ok", "ok"]);
});
