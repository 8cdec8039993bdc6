import type { Id } from "../../../convex/_generated/dataModel.js";
import type {
  MessageEvent,
  ReactionEvent,
  ReactionsEvent,
} from "../../../convex/model/ingest/event_validators.ts";
import { positionAt } from "../../../convex/model/shared/positions.ts";

let sequence = 0;

/** A Discord id for that time; later calls return larger ids. */
export function snowflake(at = Date.now()): string {
  return (BigInt(positionAt("discord", at)) + BigInt(++sequence)).toString();
}

/** A message posted by Bob now; its position is derived from the id. */
export function said(mappingId: Id<"mappings">, more: Partial<MessageEvent> = {}): MessageEvent {
  const sentAt = more.sentAt ?? Date.now();
  const externalId = more.externalId ?? snowflake(sentAt);
  return {
    type: "message",
    mappingId,
    externalId,
    position: externalId.padStart(20, "0"),
    author: BOB,
    fromApp: false,
    mentionsBot: false,
    content: "hello",
    mentions: [],
    attachments: [],
    sentAt,
    ...more,
  };
}

/** A Slack id for that time; later calls return larger ids. */
export function slackTs(at = Date.now()): string {
  return `${positionAt("slack", at).slice(0, -3)}${(++sequence % 1000).toString().padStart(3, "0")}`;
}

/** The same on Slack, where events carry ids but no names. */
export function saidOnSlack(
  mappingId: Id<"mappings">,
  more: Partial<MessageEvent> = {},
): MessageEvent {
  const sentAt = more.sentAt ?? Date.now();
  const ts = more.externalId ?? slackTs(sentAt);
  return {
    ...said(mappingId, { ...more, sentAt, externalId: ts }),
    position: ts,
    author: more.author ?? { externalId: "U1", workspaceId: "T1" },
  };
}

export function deleted(mappingId: Id<"mappings">, externalId: string) {
  return { type: "delete" as const, mappingId, externalId };
}

export const BOB = { externalId: "7001", workspaceId: "guild", name: "Bob" };
export const EVE = { externalId: "7002", workspaceId: "guild", name: "Eve" };

/** Somebody, by default Bob, reacts to a message now. */
export function reacted(
  mappingId: Id<"mappings">,
  externalId: string,
  more: Partial<ReactionEvent> = {},
): ReactionEvent {
  return {
    type: "reaction",
    mappingId,
    externalId,
    author: BOB,
    emoji: "👍",
    change: "added",
    at: Date.now(),
    ...more,
  };
}

/** All reactions of a message, as a catch-up reads them now. */
export function reactionsOf(
  mappingId: Id<"mappings">,
  externalId: string,
  ...reactions: ReactionsEvent["reactions"]
): ReactionsEvent {
  return { type: "reactions", mappingId, externalId, reactions, at: Date.now() };
}
