import { ChannelType, MessageType } from "discord-api-types/v10";
import pino from "pino";
import { describe, expect, test } from "vitest";
import type { BridgeEvent, Intake, Mapping, MappingId, Problem } from "../../platform.ts";
import type { WireMessage } from "./normalise.ts";
import { Router } from "./router.ts";
import { Threads, type WireChannel } from "./threads.ts";
import { eventually } from "../../../test/support/eventually.ts";

/** One mapped channel, `general`. The test answers look-ups through `answers`. */
function setUp(since = "") {
  const events: BridgeEvent[] = [];
  const problems: Problem[] = [];
  /** How many problems had been reported at each gap. */
  const gaps: number[] = [];
  // Outside Convex an id is a plain string.
  const mapping: Mapping = {
    mappingId: "m" as MappingId,
    externalId: "general",
    since,
    files: "images",
  };
  const intake: Intake = {
    mappingOf: (id) => (id === mapping.externalId ? mapping : undefined),
    push: (event) => {
      events.push(event);
      return Promise.resolve("inserted");
    },
    person: () => undefined,
    problem: (problem) => {
      problems.push(problem);
      return Promise.resolve();
    },
    health: () => undefined,
    gap: () => void gaps.push(problems.length),
    channel: () => Promise.resolve(),
  };
  const asked: string[] = [];
  const answers: { resolve(channel?: WireChannel): void; reject(error: Error): void }[] = [];
  const threads = new Threads((id) => {
    asked.push(id);
    return new Promise((resolve, reject) => answers.push({ resolve, reject }));
  });
  const names = { role: () => undefined, channel: () => undefined };
  const router = new Router({ intake, threads, names, log: pino({ enabled: false }) });
  router.sessionStarted("bot", "bot");
  gaps.length = 0;
  const ids = () => events.map((event) => event.externalId);
  return { router, threads, events, problems, gaps, asked, answers, ids };
}

let next = 1;
function said(channelId: string, fields: Partial<WireMessage> = {}): WireMessage {
  return {
    id: String(next++),
    channel_id: channelId,
    guild_id: "g",
    type: MessageType.Default,
    author: { id: "ada", username: "ada", global_name: null, discriminator: "0", avatar: null },
    content: "hi",
    timestamp: "2024-05-01T10:00:00+00:00",
    edited_timestamp: null,
    ...fields,
  };
}

const thread = (id: string, parent: string): WireChannel => ({
  id,
  type: ChannelType.PublicThread,
  parent_id: parent,
  name: "a thread",
});

describe("a Discord event", () => {
  test("of a mapped channel is queued before the next line runs", () => {
    const { router, ids } = setUp();
    const message = said("general");
    router.messageCreated(message);
    expect(ids()).toEqual([message.id]);
  });

  test("that an app answers later is new, unless it is older than the mapping", () => {
    const { router, threads, ids } = setUp("00000000000000000050");
    threads.record(thread("t", "general"));
    const answer = { type: MessageType.ChatInputCommand };
    for (const [id, channel] of [
      ["49", "general"],
      ["51", "general"],
      ["48", "t"],
      ["52", "t"],
    ] as const)
      router.messageUpdated(said(channel, { ...answer, id }));
    expect(ids()).toEqual(["51", "52"]);
  });

  test("of a thread whose parent is mapped has the thread's id and name", () => {
    const { router, threads, events } = setUp();
    threads.record(thread("t", "general"));
    router.messageCreated(said("t"));
    expect(events).toMatchObject([{ mappingId: "m", threadId: "t", threadName: "a thread" }]);
  });

  test("of an unmapped channel causes no look-up when the channel is recorded", () => {
    const { router, threads, asked, ids } = setUp();
    threads.record({ id: "other", type: ChannelType.GuildText });
    threads.record(thread("t", "other"));
    router.messageCreated(said("other"));
    router.messageCreated(said("t"));
    router.messageCreated(said("new", { channel_type: ChannelType.GuildText }));
    router.messageDeleted({ id: "1", channel_id: "new" });
    expect([asked, ids()]).toEqual([[], []]);
  });

  test("of an unknown channel waits for one look-up, in order, and does not delay other channels", async () => {
    const { router, asked, answers, ids } = setUp();
    const [a, b, c] = [said("t"), said("general"), said("t")];
    router.messageCreated(a);
    router.messageCreated(b);
    router.messageCreated(c);
    router.messageDeleted({ id: a.id, channel_id: "t" });
    expect([asked, ids()]).toEqual([["t"], [b.id]]);
    answers[0]?.resolve(thread("t", "general"));
    await eventually(() => expect(ids()).toEqual([b.id, a.id, c.id, a.id]));
    router.messageCreated(said("t"));
    expect(asked).toEqual(["t"]);
  });

  test("that arrives once the thread is recorded waits for earlier ones of the same thread", async () => {
    const { router, threads, answers, ids } = setUp();
    const [a, b] = [said("t"), said("t")];
    router.messageCreated(a);
    threads.record(thread("t", "general"));
    router.messageCreated(b);
    expect(ids()).toEqual([]);
    answers[0]?.reject(new Error("Discord is unreachable"));
    await eventually(() => expect(ids()).toEqual([a.id, b.id]));
  });

  test("of a channel the bot can't see is dropped, and not looked up again", async () => {
    const { router, threads, asked, answers, ids, problems } = setUp();
    router.messageCreated(said("hidden"));
    answers[0]?.resolve(undefined);
    await eventually(() => expect(threads.get("hidden")).toEqual({ kind: "channel" }));
    router.messageCreated(said("hidden"));
    expect([asked, ids(), problems]).toEqual([["hidden"], [], []]);
  });

  test("whose look-up fails is reported as a problem, and the next event is looked up again", async () => {
    const { router, asked, answers, problems, gaps, ids } = setUp();
    router.messageCreated(said("t"));
    answers[0]?.reject(new Error("Discord is unreachable"));
    await eventually(() =>
      expect(problems).toMatchObject([{ kind: "thread_unknown", externalId: "t" }]),
    );
    // At once, and again after the report: only a later catch-up resolves the problem.
    await eventually(() => expect(gaps).toEqual([0, 1]));
    const later = said("t");
    router.messageCreated(later);
    answers[1]?.resolve(thread("t", "general"));
    await eventually(() => expect(ids()).toEqual([later.id]));
    expect(asked).toEqual(["t", "t"]);
  });

  test("of the bot itself, or outside a server, causes no look-up", () => {
    const { router, asked, ids } = setUp();
    const self = { id: "bot", username: "b", global_name: null, discriminator: "0", avatar: null };
    router.messageCreated(said("unknown", { author: self }));
    const { guild_id: _, ...direct } = said("unknown");
    router.messageCreated(direct);
    expect([asked, ids()]).toEqual([[], []]);
  });

  test("that deletes several messages becomes one delete for each", () => {
    const { router, events } = setUp();
    router.messagesDeleted({ ids: ["1", "2"], channel_id: "general", guild_id: "g" });
    expect(events).toEqual([
      { type: "delete", mappingId: "m", externalId: "1" },
      { type: "delete", mappingId: "m", externalId: "2" },
    ]);
  });

  test("that deletes a thread comes after the messages in it", async () => {
    const { router, answers, events, ids } = setUp();
    const message = said("t");
    router.messageCreated(message);
    router.threadDeleted(thread("t", "general"), false);
    expect(ids()).toEqual([]);
    answers[0]?.resolve(undefined);
    await eventually(() => expect(ids()).toEqual([message.id, "t"]));
    expect(events[1]).toEqual({ type: "delete", mappingId: "m", externalId: "t", thread: true });
  });

  test("that deletes a forum post deletes its first message too", () => {
    const { router, events } = setUp();
    router.threadDeleted(thread("t", "general"), true);
    expect(events).toEqual([
      { type: "delete", mappingId: "m", externalId: "t", thread: true },
      { type: "delete", mappingId: "m", externalId: "t" },
    ]);
  });

  test("that deletes a thread of an unmapped channel causes no look-up", () => {
    const { router, asked, events } = setUp();
    router.threadDeleted(thread("t", "elsewhere"), true);
    expect([asked, events]).toEqual([[], []]);
  });

  test("that can't be read is reported and does not block others", () => {
    const { router, ids, problems } = setUp();
    const odd = said("general");
    Reflect.set(odd, "id", "no snowflake");
    const good = said("general");
    router.messageCreated(odd);
    router.messageCreated(good);
    expect(ids()).toEqual([good.id]);
    expect(problems).toMatchObject([
      { kind: "message_unreadable", externalId: "no snowflake", mappingId: "m" },
    ]);
  });

  test("is dropped after the intake stopped", () => {
    const { router, ids } = setUp();
    router.stop();
    router.messageCreated(said("general"));
    expect(ids()).toEqual([]);
  });
});

test("only the channels used last are kept", () => {
  const threads = new Threads(() => Promise.resolve(undefined), 2);
  for (const id of ["a", "b"]) threads.record(thread(id, "general"));
  expect(threads.get("a")).toBeDefined();
  threads.record(thread("c", "general"));
  expect(["a", "b", "c"].map((id) => threads.get(id) !== undefined)).toEqual([true, false, true]);
});
