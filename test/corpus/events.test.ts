import { readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Router } from "../../bridges/discord/inbound/router.ts";
import type { WireMessage } from "../../bridges/discord/inbound/normalise.ts";
import { Threads, type WireChannel } from "../../bridges/discord/inbound/threads.ts";
import type { BridgeEvent, Intake, MappingId, Problem } from "../../bridges/platform.ts";
import { normaliseEvent } from "../../bridges/slack/inbound/normalise.ts";
import { slackEvent } from "../../bridges/slack/inbound/payload.ts";

/*
 * Message events, in the forms given in the platforms' documentation, and what they become: threads, edits, deletes,
 * authors. `expected` has the fields to compare of each event (null: absent), `unknown` the kinds that are counted as
 * unknown.
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

// Outside Convex an id is a plain string.
const mappingId = "mapping" as MappingId;

type Expected = z.infer<typeof entry>["expected"];

function compare(events: readonly BridgeEvent[], expected: Expected): void {
  const seen = events.map((event, n) => ({
    ...event,
    ...Object.fromEntries(absent(expected[n]).map((key) => [key, key in event ? "present" : null])),
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
      mappingOf: (id) =>
        id === "80" ? { mappingId, externalId: id, since: "", files: "images" } : undefined,
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
    const router = new Router({ intake, threads, names, log: pino({ enabled: false }) });
    router.sessionStarted("1000", "1000");
    // Payloads as they come off the wire, which the types can only assume.
    const handlers: Readonly<Record<string, (data: unknown) => void>> = {
      MESSAGE_CREATE: (data) => router.messageCreated(messageWith(data)),
      MESSAGE_UPDATE: (data) => router.messageUpdated(messageWith(data)),
      PARTIAL_UPDATE: (data) => router.messageUpdated(data as WireMessage),
      MESSAGE_DELETE: (data) => router.messageDeleted(data as { id: string; channel_id: string }),
      MESSAGE_DELETE_BULK: (data) =>
        router.messagesDeleted(data as { ids: string[]; channel_id: string }),
      THREAD_CREATE: (data) => void threads.record(data as WireChannel),
      THREAD_UPDATE: (data) => void threads.record(data as WireChannel),
    };
    for (const each of happens) {
      const { t, d } = dispatch.parse(each);
      const handle = handlers[t];
      if (!handle) throw new Error(`no such dispatch: ${t}`);
      handle(d);
    }
    // Unknown channels are looked up first.
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
    const reported: string[] = [];
    const events = happens.flatMap((each) => {
      const event = normaliseEvent(slackEvent.parse({ ...message, ...each }), {
        botUserId: "UBOT",
        botId: "BBOT",
        appId: "ABOT",
        teamId: "T1",
        mappingId,
        channel: "C1",
        unknown: (kind) => reported.push(kind),
      });
      return event === undefined ? [] : [event];
    });
    compare(events, expected);
    expect(reported).toEqual(unknown);
  });
});
