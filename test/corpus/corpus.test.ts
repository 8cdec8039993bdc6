import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type Context,
  normaliseMessage as fromDiscord,
} from "../../bridges/discord/inbound/normalise.ts";
import type { WireMessage } from "../../bridges/discord/inbound/normalise.ts";
import type { MappingId } from "../../bridges/platform.ts";
import { normaliseEvent as fromSlack } from "../../bridges/slack/inbound/normalise.ts";
import { slackEvent } from "../../bridges/slack/inbound/payload.ts";

/*
 * Messages from people and apps, in the forms given in the platforms' documentation, and the event each becomes.
 * `expected` has the fields to compare (null: not mirrored), `unknown` the kinds of content that are counted as unknown.
 */

const entry = z.strictObject({
  what: z.string(),
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
  payload: z.record(z.string(), z.unknown()).default({}),
  expected: z.record(z.string(), z.unknown()).nullable(),
  unknown: z.array(z.string()).default([]),
});

function corpus(name: string) {
  const text = readFileSync(join(import.meta.dirname, `${name}.json`), "utf8");
  return z
    .array(entry)
    .parse(JSON.parse(text))
    .map((each) => [each.what, each] as const);
}

// Outside Convex an id is a plain string.
const mappingId = "mapping" as MappingId;

describe("on Discord", () => {
  const message = {
    id: "1234567890123456789",
    channel_id: "80",
    guild_id: "9",
    type: 0,
    author: { id: "2000", username: "ada", global_name: "Ada", discriminator: "0", avatar: null },
    timestamp: "2024-05-01T10:00:00.123000+00:00",
    edited_timestamp: null,
  };

  test.each(corpus("discord"))("%s", (_what, { payload, expected, unknown }) => {
    const reported: string[] = [];
    const context: Context = {
      place: { mappingId },
      botId: "1000",
      guildId: "9",
      names: {
        role: (id) => (id === "70" ? { name: "staff" } : undefined),
        channel: (id) => (id === "80" ? "general" : undefined),
      },
      unknown: (kind) => reported.push(kind),
    };
    // A payload as it comes off the wire, which the types can only assume.
    const wire: unknown = { ...message, ...payload };
    const result = fromDiscord(wire as WireMessage, context);
    if (expected === null) expect(result).not.toHaveProperty("event");
    else expect(result).toMatchObject({ event: expected });
    expect(reported).toEqual(unknown);
  });
});

describe("on Slack", () => {
  const message = {
    type: "message",
    channel: "C1",
    user: "U1",
    team: "T1",
    text: "",
    ts: "1700000000.123456",
    event_ts: "1700000000.123456",
  };

  test.each(corpus("slack"))("%s", (_what, { text, blocks, payload, expected, unknown }) => {
    const reported: string[] = [];
    const event = { ...message, ...(text !== undefined && { text }), ...(blocks && { blocks }) };
    const result = fromSlack(slackEvent.parse({ ...event, ...payload }), {
      botUserId: "UBOT",
      botId: "BBOT",
      appId: "ABOT",
      teamId: "T1",
      mappingId,
      channel: "C1",
      unknown: (kind) => reported.push(kind),
    });
    if (expected === null) expect(result).toBeUndefined();
    else expect(result).toMatchObject(expected);
    expect(reported).toEqual(unknown);
  });
});
