import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convexToJson } from "convex/values";
import { pino } from "pino";
import { expect, it } from "vitest";
import { z } from "zod";
import { Directory } from "../../../bridges/discord/gateway/directory.ts";
import { Dispatches } from "../../../bridges/discord/gateway/dispatches.ts";
import { ChannelFollower } from "../../../bridges/discord/inbound/channels.ts";
import { Router } from "../../../bridges/discord/inbound/router.ts";
import { Threads } from "../../../bridges/discord/inbound/threads.ts";
import type { BridgeEvent } from "../../../bridges/platform.ts";
import { eventually } from "../../support/eventually.ts";
import { type Odd, oddPayloads } from "../../support/odd_payloads.ts";
import { RecordingCore } from "../recording_core.ts";
import { Stage } from "./stage.ts";

/*
 * Every value of the corpus's dispatches in turn null, absent, of another type, doubled, or a megabyte. Each dispatch is
 * mirrored, reported, or documented as skipped, and the next one arrives.
 */

const CORPUS = join(import.meta.dirname, "../../corpus");
const MESSAGE = {
  id: "1234567890123456789",
  channel_id: "80",
  guild_id: "9",
  type: 0,
  author: { id: "2000", username: "ada", global_name: "Ada", discriminator: "0", avatar: null },
  content: "what she said",
  timestamp: "2024-05-01T10:00:00.123000+00:00",
  edited_timestamp: null,
};
const NEXT = { ...MESSAGE, id: "1234567890123456999", content: "the next one" };
const LATER = "18446744073709551615";
const record = z.record(z.string(), z.unknown());
const dispatch = z.object({ t: z.string(), d: record });
type Dispatch = z.infer<typeof dispatch>;

const REACTED = { message_id: "500", channel_id: "80", guild_id: "9" };
const REACTION = { ...REACTED, user_id: "2000", emoji: { id: null, name: "👍" }, type: 0 };

/** Dispatches about channels and reactions. */
const OTHERS: readonly Dispatch[] = [
  { t: "CHANNEL_UPDATE", d: { id: "80", type: 0, guild_id: "9", name: "new" } },
  { t: "CHANNEL_DELETE", d: { id: "80", type: 0, guild_id: "9", name: "general" } },
  { t: "MESSAGE_DELETE", d: { id: "500", channel_id: "80", guild_id: "9" } },
  { t: "MESSAGE_DELETE_BULK", d: { ids: ["500", "501"], channel_id: "80", guild_id: "9" } },
  { t: "THREAD_LIST_SYNC", d: { guild_id: "9", channel_ids: ["80"], threads: [] } },
  { t: "MESSAGE_REACTION_ADD", d: { ...REACTION, member: { nick: "Ada", user: MESSAGE.author } } },
  { t: "MESSAGE_REACTION_REMOVE", d: REACTION },
  { t: "MESSAGE_REACTION_REMOVE_EMOJI", d: { ...REACTED, emoji: { id: "5", name: "parrot" } } },
  { t: "MESSAGE_REACTION_REMOVE_ALL", d: REACTED },
  { t: "GUILD_CREATE", d: { id: "9", channels: [{ id: "80", type: 0 }], threads: [] } },
];

function read(name: string): Record<string, unknown>[] {
  return z.array(record).parse(JSON.parse(readFileSync(join(CORPUS, name), "utf8")));
}

/** Each with those that come before it. */
function corpus(): { readonly before: readonly Dispatch[]; readonly odd: Dispatch }[] {
  const messages = read("discord.json").map(({ payload }) => ({
    before: [],
    odd: { t: "MESSAGE_CREATE", d: { ...MESSAGE, ...record.parse(payload) } },
  }));
  const happenings = read("discord_events.json").flatMap(({ happens }) =>
    z
      .array(dispatch)
      .parse(happens)
      .map((odd, n, all) => ({
        before: all.slice(0, n).map(whole),
        odd: whole(odd),
      })),
  );
  return [...messages, ...happenings, ...OTHERS.map((odd) => ({ before: [], odd }))];
}

function whole({ t, d }: Dispatch): Dispatch {
  return { t, d: t === "MESSAGE_CREATE" || t === "MESSAGE_UPDATE" ? { ...MESSAGE, ...d } : d };
}

/** The adapter's part between the gateway and the core. */
async function setUp(before: readonly Dispatch[]) {
  const core = new RecordingCore();
  core.map("80");
  const log = pino({ level: "silent" });
  const threads = new Threads(async () => undefined);
  const names = { role: () => undefined, channel: () => undefined };
  const router = new Router({ intake: core, threads, names, log });
  const dispatches = new Dispatches({
    directory: new Directory(),
    threads,
    channels: new ChannelFollower(core),
    router,
    isSharded: () => false,
    log,
  });
  const receive = async (t: string, d: unknown) => {
    dispatches.handle({ t, d }, 0);
    // Unknown channels are looked up first.
    await Promise.resolve();
    await Promise.resolve();
  };
  await receive("READY", { user: { id: "1000" }, guilds: [] });
  for (const { t, d } of before) await receive(t, d);
  const start = { events: core.events.length, gaps: core.gaps.length };
  const seen = () =>
    core.events.length -
    start.events +
    core.problems.length +
    core.updates.length +
    core.healths.length +
    core.gaps.length -
    start.gaps;
  return { core, receive, seen, first: () => core.events[start.events] };
}

/**
 * These decide where or whether a message is mirrored: its channel, its server, its kind, whether it is an edit. A channel
 * that has lost its name keeps the stored one.
 */
const DECIDING = new Set([
  "name",
  "channel_id",
  "guild_id",
  "type",
  "edited_timestamp",
  "parent_id",
  "author",
  "interaction",
  "interaction_metadata",
]);
/** What a message's text is made of. */
const TEXT =
  /^(type$|content|attachments|embeds|components|poll|sticker|message_snapshots|mention|flags|activity|application|role_sub|purchase|shared)/;

/** Of other types, and while their app is at work, messages are mirrored only for their text. */
const isForText = ({ type, flags }: Dispatch["d"]) =>
  ![0, 19, 20, 23].includes(Number(type ?? 0)) || flags === 128;

const contentOf = (event: BridgeEvent | undefined) =>
  event?.type === "message" ? event.content : undefined;

/** What is wrong with what became of an odd dispatch. */
async function faultsOf(
  t: string,
  before: readonly Dispatch[],
  { keys: [key = ""], payload }: Odd,
  baseline: {
    readonly event: BridgeEvent | undefined;
    readonly isSkipped: boolean;
    readonly isForText: boolean;
  },
): Promise<string[]> {
  const faults: string[] = [];
  const { core, receive, seen, first } = await setUp(before);
  await receive(t, payload);
  const decides = DECIDING.has(key) || (baseline.isForText && TEXT.test(key));
  if (!baseline.isSkipped && !decides && seen() === 0) faults.push("lost");
  const event = first();
  if (
    event?.type === "message" &&
    baseline.event &&
    !TEXT.test(key) &&
    event.content !== contentOf(baseline.event)
  )
    faults.push(`another text: ${event.content.slice(0, 100)}`);
  try {
    for (const each of [...core.events, ...core.problems, ...core.updates]) convexToJson(each);
  } catch {
    faults.push("nothing that Convex can store");
  }
  if (core.problems.some(({ externalId = "" }) => externalId.length > 100))
    faults.push("a long id");
  const count = core.events.length;
  await receive("MESSAGE_CREATE", NEXT);
  const next = core.events.slice(count);
  if (next.length !== 1 || contentOf(next[0]) !== "the next one")
    faults.push("holds up the next one");
  return faults;
}

it("an odd dispatch of Discord is mirrored or set aside alone, whatever is odd in it", async () => {
  const huge = new Set<string>();
  const faults: string[] = [];
  let count = 0;
  for (const {
    before,
    odd: { t, d },
  } of corpus()) {
    const { receive, seen, first } = await setUp(before);
    await receive(t, d);
    const baseline = { event: first(), isSkipped: seen() === 0, isForText: isForText(d) };
    for (const odd of oddPayloads(d, huge)) {
      for (const fault of await faultsOf(t, before, odd, baseline))
        faults.push(`${fault}: ${odd.what} of ${t} ${JSON.stringify(d).slice(0, 500)}`);
      count += 1;
    }
  }
  expect(faults).toEqual([]);
  expect(count).toBeGreaterThan(9_000);
}, 120_000);

it.each([
  ["of an unknown kind is counted", { type: 99 }, "content_unknown", "message type 99"],
  ["of a later year moves no cursor", { id: LATER }, "message_unreadable", LATER],
])("a message in history %s", async (_what, odd, kind, externalId) => {
  const stage = await Stage.open();
  try {
    const bridge = stage.bridge();
    const { problems } = await stage.listen(bridge);
    stage.discord.answerNext("GET channels/:id/messages", {
      answer: [{ ...MESSAGE, ...odd }, NEXT],
    });
    const page = await bridge.history.newest(stage.mapping, 2, AbortSignal.timeout(10_000));
    expect(page.upTo).toBe(`0${NEXT.id}`);
    expect(problems).toMatchObject([{ kind, externalId }]);
  } finally {
    await stage.close();
  }
});

it("an odd message in history is read or set aside alone, and those around it are read", async () => {
  const stage = await Stage.open();
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    const bridge = stage.bridge();
    await stage.listen(bridge);
    const answers = [...oddPayloads({ ...MESSAGE, id: "1234567890123456790" }, new Set())];
    let read = 0;
    for (const { what, payload } of answers.filter(({ what }) => !what.includes("megabyte"))) {
      stage.discord.answerNext("GET channels/:id/messages", { answer: [NEXT, payload] });
      const page = await bridge.history.newest(stage.mapping, 2, AbortSignal.timeout(10_000));
      expect([what, page.ids]).toEqual([what, expect.arrayContaining([NEXT.id])]);
      expect(page.events.map(contentOf)).toContain("the next one");
      read += 1;
    }
    expect(read).toBeGreaterThan(50);
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", note);
    await stage.close();
  }
  await eventually(() => expect(unhandled).toEqual([]));
}, 60_000);
