import { readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Inbound } from "../../bridges/discord/inbound/router.ts";
import type { WireMessage } from "../../bridges/discord/inbound/normalise.ts";
import { Threads, type WireChannel } from "../../bridges/discord/inbound/threads.ts";
import type { BridgeEvent, Intake, MappingId, Problem } from "../../bridges/platform.ts";
import { normaliseEvent } from "../../bridges/slack/inbound/normalise.ts";
import { slackEvent } from "../../bridges/slack/inbound/payload.ts";

/*
 * What happens to messages, in the forms the platforms' documentation gives, and the events it becomes: threads, edits,
 * deletes, who speaks. `expected` names the fields that matter of each event (null: not there); `unknown` what is counted
 * as not understood.
 */

const dispatch = z.object({ t: z.string(), d: z.looseObject({ id: z.string().optional() }) });
const entry = z.strictObject({
  what: z.string(),
  happens: z.array(z.record(z.string(), z.unknown())),
  expected: z.array(z.record(z.string(), z.unknown())),
  unknown: z.array(z.string()).default([]),
});

function corpus(name: string) {
  const text = readFileSync(join(import.meta.dirname, `${name}_events.json`), "utf8");
  return z
    .array(entry)
    .parse(JSON.parse(text))
    .map((each) => [each.what, each] as const);
}

// An id is a string to everybody but Convex.
const mappingId = "mapping" as MappingId;

type Expected = z.infer<typeof entry>["expected"];

function compare(events: readonly BridgeEvent[], expected: Expected): void {
  const seen = events.map((event, n) => ({
    ...event,
    ...Object.fromEntries(absent(expected[n]).map((key) => [key, key in event ? "there" : null])),
  }));
  expect(seen).toMatchObject(expected);
  expect(events).toHaveLength(expected.length);
}

function absent(fields: Expected[number] = {}): string[] {
  return Object.keys(fields).filter((key) => fields[key] === null);
}

describe("on Discord", () => {
  const message = {
    id: "1234567890123456789",
    channel_id: "80",
    guild_id: "9",
    type: 0,
    author: { id: "2000", username: "ada", global_name: "Ada", discriminator: "0", avatar: null },
    content: "hi",
    timestamp: "2024-05-01T10:00:00.123000+00:00",
    edited_timestamp: null,
  };

  function messageWith(data: unknown): WireMessage {
    const whole: unknown = { ...message, ...(data as object) };
    return whole as WireMessage;
  }

  test.each(corpus("discord"))("%s", async (_what, { happens, expected, unknown }) => {
    const events: BridgeEvent[] = [];
    const problems: Problem[] = [];
    const intake: Intake = {
      mappingOf: (id) => (id === "80" ? { mappingId, externalId: id, since: "" } : undefined),
      push: (event) => {
        events.push(event);
        return Promise.resolve("inserted");
      },
      person: () => undefined,
      gap: () => undefined,
      channel: () => Promise.resolve(),
      health: () => undefined,
      problem: (problem) => {
        problems.push(problem);
        return Promise.resolve();
      },
    };
    const threads = new Threads(() => Promise.resolve(undefined));
    const names = {
      role: (id: string) => (id === "71" ? { name: "Bridge", botId: "1000" } : undefined),
      channel: () => undefined,
    };
    const inbound = new Inbound(intake, threads, names, pino({ enabled: false }));
    inbound.identify("1000");
    // Payloads as they come off the wire; the types say no more than their documentation.
    const handlers: Readonly<Record<string, (data: unknown) => void>> = {
      MESSAGE_CREATE: (data) => inbound.created(messageWith(data)),
      MESSAGE_UPDATE: (data) => inbound.updated(messageWith(data)),
      PARTIAL_UPDATE: (data) => inbound.updated(data as WireMessage),
      MESSAGE_DELETE: (data) => inbound.deleted(data as { id: string; channel_id: string }),
      MESSAGE_DELETE_BULK: (data) =>
        inbound.deletedMany(data as { ids: string[]; channel_id: string }),
      THREAD_CREATE: (data) => void threads.learn(data as WireChannel),
      THREAD_UPDATE: (data) => void threads.learn(data as WireChannel),
    };
    for (const each of happens) {
      const { t, d } = dispatch.parse(each);
      const handle = handlers[t];
      if (!handle) throw new Error(`no such dispatch: ${t}`);
      handle(d);
    }
    // Channels that nobody knows are asked for first.
    await new Promise((resolve) => setImmediate(resolve));
    compare(events, expected);
    expect(problems.map(({ externalId }) => externalId)).toEqual(unknown);
  });
});

describe("on Slack", () => {
  const message = {
    type: "message",
    channel: "C1",
    user: "U1",
    team: "T1",
    text: "hi",
    ts: "1700000000.123456",
    event_ts: "1700000000.123456",
  };

  test.each(corpus("slack"))("%s", (_what, { happens, expected, unknown }) => {
    const told: string[] = [];
    const events = happens.flatMap((each) => {
      const event = normaliseEvent(slackEvent.parse({ ...message, ...each }), {
        botUserId: "UBOT",
        botId: "BBOT",
        appId: "ABOT",
        teamId: "T1",
        mappingId,
        channel: "C1",
        unknown: (kind) => told.push(kind),
      });
      return event === undefined ? [] : [event];
    });
    compare(events, expected);
    expect(told).toEqual(unknown);
  });
});
