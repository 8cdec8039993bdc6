import { ChannelType, MessageType } from "discord-api-types/v10";
import pino from "pino";
import { describe, expect, test } from "vitest";
import type { BridgeEvent, Intake, Mapping, MappingId, Problem } from "../../platform.ts";
import { Inbound } from "./router.ts";
import type { WireMessage } from "./normalise.ts";
import { Threads, type WireChannel } from "./threads.ts";
import { eventually } from "../../../test/support/eventually.ts";

/** One mapped channel, `general`, and a Discord that answers look-ups when the test says so. */
function setUp() {
  const events: BridgeEvent[] = [];
  const problems: Problem[] = [];
  /** How many problems were told before each gap. */
  const gaps: number[] = [];
  // An id is a string to everybody but Convex.
  const mapping: Mapping = { mappingId: "m" as MappingId, externalId: "general", since: "" };
  const intake: Intake = {
    mappingOf: (id) => (id === mapping.externalId ? mapping : undefined),
    push: (event) => {
      events.push(event);
      return Promise.resolve("inserted");
    },
    named: () => undefined,
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
  const inbound = new Inbound(intake, threads, names, pino({ enabled: false }));
  inbound.identify("bot");
  const ids = () => events.map((event) => event.externalId);
  return { inbound, threads, events, problems, gaps, asked, answers, ids };
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
    const { inbound, ids } = setUp();
    const message = said("general");
    inbound.created(message);
    expect(ids()).toEqual([message.id]);
  });

  test("of a thread whose parent is mapped goes there, with the thread's id and name", () => {
    const { inbound, threads, events } = setUp();
    threads.learn(thread("t", "general"));
    inbound.created(said("t"));
    expect(events).toMatchObject([{ mappingId: "m", threadId: "t", threadName: "a thread" }]);
  });

  test("of an unmapped channel asks Discord nothing when the channel is known", () => {
    const { inbound, threads, asked, ids } = setUp();
    threads.learn({ id: "other", type: ChannelType.GuildText });
    threads.learn(thread("t", "other"));
    inbound.created(said("other"));
    inbound.created(said("t"));
    inbound.created(said("new", { channel_type: ChannelType.GuildText }));
    inbound.deleted({ id: "1", channel_id: "new" });
    expect([asked, ids()]).toEqual([[], []]);
  });

  test("of an unknown channel waits for one look-up, in order, while others go on", async () => {
    const { inbound, asked, answers, ids } = setUp();
    const [a, b, c] = [said("t"), said("general"), said("t")];
    inbound.created(a);
    inbound.created(b);
    inbound.created(c);
    inbound.deleted({ id: a.id, channel_id: "t" });
    expect([asked, ids()]).toEqual([["t"], [b.id]]);
    answers[0]?.resolve(thread("t", "general"));
    await eventually(() => expect(ids()).toEqual([b.id, a.id, c.id, a.id]));
    inbound.created(said("t"));
    expect(asked).toEqual(["t"]);
  });

  test("that comes when the thread has become known waits behind those that came before", async () => {
    const { inbound, threads, answers, ids } = setUp();
    const [a, b] = [said("t"), said("t")];
    inbound.created(a);
    threads.learn(thread("t", "general"));
    inbound.created(b);
    expect(ids()).toEqual([]);
    answers[0]?.reject(new Error("Discord is away"));
    await eventually(() => expect(ids()).toEqual([a.id, b.id]));
  });

  test("of a channel Discord tells nothing about is dropped, and not asked for again", async () => {
    const { inbound, threads, asked, answers, ids, problems } = setUp();
    inbound.created(said("hidden"));
    answers[0]?.resolve(undefined);
    await eventually(() => expect(threads.known("hidden")).toEqual({ kind: "channel" }));
    inbound.created(said("hidden"));
    expect([asked, ids(), problems]).toEqual([["hidden"], [], []]);
  });

  test("whose look-up fails is told as a problem, and the next event asks again", async () => {
    const { inbound, asked, answers, problems, gaps, ids } = setUp();
    inbound.created(said("t"));
    answers[0]?.reject(new Error("Discord is away"));
    await eventually(() =>
      expect(problems).toMatchObject([{ kind: "thread_unknown", externalId: "t" }]),
    );
    // At once, and again once it is told: what is caught up with after that mends it.
    await eventually(() => expect(gaps).toEqual([0, 1]));
    const later = said("t");
    inbound.created(later);
    answers[1]?.resolve(thread("t", "general"));
    await eventually(() => expect(ids()).toEqual([later.id]));
    expect(asked).toEqual(["t", "t"]);
  });

  test("of the bot itself, or outside a server, costs nothing", () => {
    const { inbound, asked, ids } = setUp();
    const self = { id: "bot", username: "b", global_name: null, discriminator: "0", avatar: null };
    inbound.created(said("unknown", { author: self }));
    const { guild_id: _, ...direct } = said("unknown");
    inbound.created(direct);
    expect([asked, ids()]).toEqual([[], []]);
  });

  test("that deletes several messages becomes one delete for each", () => {
    const { inbound, events } = setUp();
    inbound.deletedMany({ ids: ["1", "2"], channel_id: "general", guild_id: "g" });
    expect(events).toEqual([
      { type: "delete", mappingId: "m", externalId: "1" },
      { type: "delete", mappingId: "m", externalId: "2" },
    ]);
  });

  test("that deletes a thread comes behind what was said in it", async () => {
    const { inbound, answers, events, ids } = setUp();
    const message = said("t");
    inbound.created(message);
    inbound.threadDeleted({ thread: thread("t", "general"), isPost: false });
    expect(ids()).toEqual([]);
    answers[0]?.resolve(undefined);
    await eventually(() => expect(ids()).toEqual([message.id, "t"]));
    expect(events[1]).toEqual({ type: "delete", mappingId: "m", externalId: "t", thread: true });
  });

  test("that deletes a forum's post deletes the message that it began with too", () => {
    const { inbound, events } = setUp();
    inbound.threadDeleted({ thread: thread("t", "general"), isPost: true });
    expect(events).toEqual([
      { type: "delete", mappingId: "m", externalId: "t", thread: true },
      { type: "delete", mappingId: "m", externalId: "t" },
    ]);
  });

  test("that deletes a thread of an unmapped channel asks Discord nothing", () => {
    const { inbound, asked, events } = setUp();
    inbound.threadDeleted({ thread: thread("t", "elsewhere"), isPost: true });
    expect([asked, events]).toEqual([[], []]);
  });

  test("of a form nobody foresaw is set aside and stops nothing", () => {
    const { inbound, ids, problems } = setUp();
    const odd = said("general");
    Reflect.set(odd, "mentions", { 0: "not a list" });
    const good = said("general");
    inbound.created(odd);
    inbound.created(good);
    expect(ids()).toEqual([good.id]);
    expect(problems).toMatchObject([{ kind: "unreadable", externalId: odd.id, mappingId: "m" }]);
  });

  test("is not taken after the intake stopped", () => {
    const { inbound, ids } = setUp();
    inbound.stop();
    inbound.created(said("general"));
    expect(ids()).toEqual([]);
  });
});

test("only the channels used last are remembered", () => {
  const threads = new Threads(() => Promise.resolve(undefined), 2);
  for (const id of ["a", "b"]) threads.learn(thread(id, "general"));
  expect(threads.known("a")).toBeDefined();
  threads.learn(thread("c", "general"));
  expect(["a", "b", "c"].map((id) => threads.known(id) !== undefined)).toEqual([true, false, true]);
});
