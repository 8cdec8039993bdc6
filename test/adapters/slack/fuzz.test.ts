import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "@slack/bolt";
import { convexToJson } from "convex/values";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ChannelTroubles } from "../../../bridges/core/catch_up/channel_troubles.ts";
import type { BridgeEvent } from "../../../bridges/platform.ts";
import { ChannelIds } from "../../../bridges/slack/inbound/channel_ids.ts";
import { Downloads } from "../../../bridges/slack/inbound/downloads.ts";
import { Files } from "../../../bridges/slack/inbound/files.ts";
import { People } from "../../../bridges/slack/inbound/people.ts";
import { Router } from "../../../bridges/slack/inbound/router.ts";
import { eventually } from "../../support/eventually.ts";
import { type Odd, oddPayloads } from "../../support/odd_payloads.ts";
import { RecordingCore } from "../recording_core.ts";
import { soon, start, useSlackStage } from "./stage.ts";

/*
 * Every value of the corpus's payloads in turn null, absent, of another type, doubled, or a megabyte. Each event is
 * mirrored, reported, or documented as skipped, and the next one arrives.
 */

const CORPUS = join(import.meta.dirname, "../../corpus");
const MESSAGE = {
  type: "message",
  channel: "C1",
  user: "U1",
  team: "T1",
  text: "what she said",
  ts: "1700000000.123456",
  event_ts: "1700000000.123456",
};
const NEXT_WEEK = `${Math.floor(Date.now() / 1_000) + 7 * 86_400}.000100`;
const REACTION = {
  user: "U1",
  reaction: "thumbsup",
  item: { type: "message", channel: "C1", ts: "1700000000.123456" },
  item_user: "U2",
  event_ts: "1700000001.000100",
};
/** Events about channels, people and reactions. */
const OTHERS = [
  { type: "channel_rename", channel: { id: "C1", name: "new", created: 1 } },
  { type: "channel_id_changed", old_channel_id: "C1", new_channel_id: "C2", event_ts: "1.1" },
  { type: "channel_archive", channel: "C1", user: "U1" },
  { type: "channel_deleted", channel: "C1" },
  { type: "reaction_added", ...REACTION },
  { type: "reaction_removed", ...REACTION },
  { type: "member_left_channel", user: "UBOT", channel: "C1", team: "T1" },
  { type: "member_joined_channel", user: "UBOT", channel: "C1", team: "T1" },
];
const record = z.record(z.string(), z.unknown());

function read(name: string): Record<string, unknown>[] {
  return z.array(record).parse(JSON.parse(readFileSync(join(CORPUS, name), "utf8")));
}

function corpus(): Record<string, unknown>[] {
  const messages = read("slack.json").map(
    ({ what: _what, expected: _expected, ...message }) => message,
  );
  const happenings = read("slack_events.json").flatMap(({ happens }) =>
    z.array(record).parse(happens),
  );
  return [...[...messages, ...happenings].map((each) => ({ ...MESSAGE, ...each })), ...OTHERS];
}

/** The adapter's part between the socket and the core. */
function setUp() {
  const core = new RecordingCore();
  core.map("C1");
  const fatal: Error[] = [];
  const log = pino({ level: "silent" });
  const router = new Router({
    identity: { botUserId: "UBOT", botId: "BBOT", teamId: "T1" },
    intake: core,
    files: new Files(async () => undefined, log),
    downloads: new Downloads(
      { botToken: "xoxb-1", appToken: "xapp-1" },
      { call: () => Promise.reject(new Error("not called")), lacks: () => false },
    ),
    people: new People({ lookUp: async () => undefined, learned: () => undefined, log }),
    channelIds: new ChannelIds(),
    troubles: new ChannelTroubles(),
    fatal: (error) => fatal.push(error),
    log,
  });
  const events = router.events();
  let pass: (received: { body: object }) => Promise<void> = async () => undefined;
  // Only `event` is called.
  events.attachTo({
    event: (_type: RegExp, listener: typeof pass) => (pass = listener),
  } as unknown as App);
  const receive = async (event: unknown) => {
    const body = events.bodyFor({ type: "event_callback", api_app_id: "A1", event });
    if (body === undefined) {
      await router.unreadable();
      return;
    }
    await pass({ body });
    await events.finished(body);
  };
  const seen = () =>
    core.events.length +
    core.problems.length +
    core.updates.length +
    core.healths.length +
    core.gaps.length +
    fatal.length;
  return { core, receive, seen };
}

/** These decide where or whether an event is mirrored: another type, another channel. */
const DECIDING = new Set(["type", "channel", "old_channel_id", "user"]);
/** What a message's text is made of. */
const TEXT = new Set(["text", "blocks", "attachments", "subtype", "message", "bot_id", "files"]);

const contentOf = (event: BridgeEvent | undefined) =>
  event?.type === "message" ? event.content : undefined;

/** What is wrong with what became of an odd event. */
async function faultsOf(
  { keys, payload }: Odd,
  baseline: BridgeEvent | undefined,
  isSkipped: boolean,
) {
  const faults: string[] = [];
  const [first = ""] = keys;
  const { core, receive, seen } = setUp();
  await receive(payload);
  const decides = DECIDING.has(first) || (first === "item" && DECIDING.has(keys[1] ?? ""));
  if (!isSkipped && !decides && seen() === 0) faults.push("lost");
  const [event] = core.events;
  if (
    event?.type === "message" &&
    baseline &&
    !TEXT.has(first) &&
    event.content !== contentOf(baseline)
  )
    faults.push(`another text: ${event.content.slice(0, 100)}`);
  try {
    for (const each of [...core.events, ...core.problems, ...core.updates]) convexToJson(each);
  } catch {
    faults.push("nothing that Convex can store");
  }
  if (
    core.updates.some(({ name, externalId }) => [typeof name, typeof externalId].includes("object"))
  )
    faults.push("a name that is no text");
  if (core.problems.some(({ externalId = "" }) => externalId.length > 100))
    faults.push("a long id");
  const before = core.events.length;
  await receive({ ...MESSAGE, ts: "1700000100.000100", text: "the next one" });
  const next = core.events.slice(before);
  if (next.length !== 1 || contentOf(next[0]) !== "the next one")
    faults.push("holds up the next one");
  return faults;
}

/** What was done, to a value of which kind: the keys and the types of all that it is in. */
function kindOf({ what, keys }: Odd, payload: unknown): string {
  const [change = "", path = ""] = what.split(": ", 2);
  const types: unknown[] = [];
  let inside = payload;
  for (const key of path.split(".")) {
    if (typeof inside !== "object" || inside === null) break;
    types.push(Reflect.get(inside, "subtype"), Reflect.get(inside, "type"));
    inside = Reflect.get(inside, key);
  }
  return [change, ...keys, ...types, typeof inside].join(" ");
}

describe("an odd event of Slack", () => {
  it("is mirrored or set aside alone, whatever is odd in it", async () => {
    const huge = new Set<string>();
    const done = new Set<string>();
    const faults: string[] = [];
    let count = 0;
    for (const payload of corpus()) {
      const { core, receive, seen } = setUp();
      await receive(payload);
      for (const odd of oddPayloads(payload, huge)) {
        const kind = kindOf(odd, payload);
        // Once is enough.
        if (done.has(kind)) continue;
        done.add(kind);
        for (const fault of await faultsOf(odd, core.events[0], seen() === 0))
          faults.push(`${fault}: ${odd.what} of ${JSON.stringify(payload).slice(0, 500)}`);
        count += 1;
      }
    }
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(8_000);
  }, 120_000);
});

describe("through Slack's own client", () => {
  useSlackStage();

  it.each([
    [
      "of an unknown kind is counted",
      { subtype: "hologram" },
      "content_unknown",
      "message hologram",
    ],
    [
      "of a later year moves no cursor",
      { ts: "999999999999.000100" },
      "message_unreadable",
      "999999999999.000100",
    ],
    ["dated next week moves no cursor", { ts: NEXT_WEEK }, "message_unreadable", NEXT_WEEK],
  ])("a message in history that is %s", async (_what, odd, kind, externalId) => {
    const { slack, core, bridge, mapping } = await start();
    const messages = [
      { ...MESSAGE, ts: "1700000001.000100" },
      { ...MESSAGE, ...odd },
    ];
    slack.answerNext("conversations.history", { answer: { ok: true, messages } });
    const page = await bridge.history.newest(mapping, 2, soon());
    expect(page.upTo).toBe("1700000001.000100");
    expect(core.problems).toMatchObject([{ kind, externalId }]);
  });

  it("an answer without messages is no empty history", async () => {
    const { slack, bridge, mapping } = await start();
    for (let n = 0; n < 4; n += 1)
      slack.answerNext("conversations.history", { answer: { ok: true, messages: null } });
    await expect(bridge.history.newest(mapping, 2, soon())).rejects.toMatchObject({
      code: "malformed_answer",
    });
  });

  it("every odd event is acknowledged, and the next one arrives", async () => {
    const { slack, core, channel, say, lines } = await start();
    const whole = {
      ...MESSAGE,
      channel,
      blocks: [],
      files: [{ id: "F1", name: "a" }],
      edited: null,
    };
    const odd = [...oddPayloads(whole, new Set())].filter(({ what }) => !what.includes("megabyte"));
    for (const { payload } of odd) slack.sendEvent(payload as { type: string }); // Whatever Slack may send.
    const text = "after all of them";
    say(text);
    await eventually(() => expect(core.texts()).toContain(text));
    await eventually(() => expect(slack.undelivered()).toBe(0));
    expect(slack.acks.length).toBe(odd.length + 1);
    expect(core.problems.length).toBeGreaterThan(0);
    expect(lines.join("")).not.toContain("what she said");
  });
});
