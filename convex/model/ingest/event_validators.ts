import { type Infer, v } from "convex/values";
import { vAuthor } from "../rows/identities.ts";
import { vAttachment, vMention } from "../shared/validators.ts";

/**
 * A message as the platform has it: new, edited (`editedAt` set), or read again from history.
 * Content is canonical Markdown with id tokens. Times are ms since 1970. `backfilled`: from before the
 * mapping, so it requests no reply. `late`: older messages may still be read. `answersBot`: with
 * `mentionsBot`, if only the answered post is the bot's: it may carry what a person said in another place.
 */
export const vMessageEvent = v.object({
  type: v.literal("message"),
  mappingId: v.id("mappings"),
  externalId: v.string(),
  position: v.string(),
  threadId: v.optional(v.string()),
  threadName: v.optional(v.string()),
  author: vAuthor,
  fromApp: v.boolean(),
  mentionsBot: v.boolean(),
  content: v.string(),
  mentions: v.array(vMention),
  attachments: v.array(vAttachment),
  replyTo: v.optional(v.string()),
  sentAt: v.number(),
  editedAt: v.optional(v.number()),
  backfilled: v.optional(v.literal(true)),
  late: v.optional(v.literal(true)),
  answersBot: v.optional(v.literal(true)),
});
export type MessageEvent = Infer<typeof vMessageEvent>;

/** `thread`: the thread with that id was deleted with every message in it, but not the message it was started from. */
export const vDeleteEvent = v.object({
  type: v.literal("delete"),
  mappingId: v.id("mappings"),
  externalId: v.string(),
  thread: v.optional(v.literal(true)),
});

/**
 * A person or app reacted to a message, or took that back. `emoji`: Unicode, with its skin tone, or `:name:` for one of
 * the server's own. `at`: when, in ms since 1970; the newest event of a person wins, whatever the order of arrival.
 */
export const vReactionEvent = v.object({
  type: v.literal("reaction"),
  mappingId: v.id("mappings"),
  externalId: v.string(),
  author: vAuthor,
  emoji: v.string(),
  change: v.union(v.literal("added"), v.literal("removed")),
  at: v.number(),
});
export type ReactionEvent = Infer<typeof vReactionEvent>;

/**
 * All reactions of a message as the platform has them at `at` (ms since 1970), read from history or cleared by a
 * moderator; with `emoji` only those with it. `users`: who reacted, as far as the platform says; whoever is counted and
 * not named stays as known.
 */
export const vReactionsEvent = v.object({
  type: v.literal("reactions"),
  mappingId: v.id("mappings"),
  externalId: v.string(),
  emoji: v.optional(v.string()),
  reactions: v.array(
    v.object({ emoji: v.string(), count: v.number(), users: v.optional(v.array(vAuthor)) }),
  ),
  at: v.number(),
});
export type ReactionsEvent = Infer<typeof vReactionsEvent>;

/** What a bridge sends to `ingest`. */
export const vEvent = v.union(vMessageEvent, vDeleteEvent, vReactionEvent, vReactionsEvent);
export type BridgeEvent = Infer<typeof vEvent>;

/**
 * What became of one event, in the order sent.
 * inserted  stored                      asked    stored, and a reply is being written
 * edited    content replaced            deleted  content cleared, or the delete remembered
 * reacted   reactions changed
 * known     nothing new (redelivered, or an older edit)
 * ignored   the message is older than the mapping, or than what the mapping keeps; a reaction to an unknown message
 * inactive  the mapping is paused or unmapped: not stored; catch-up fetches it once the mapping is active
 */
export const vOutcome = v.union(
  v.literal("inserted"),
  v.literal("asked"),
  v.literal("edited"),
  v.literal("deleted"),
  v.literal("reacted"),
  v.literal("known"),
  v.literal("ignored"),
  v.literal("inactive"),
);
export type Outcome = Infer<typeof vOutcome>;

/** A message, or a part of a reply (`own`), that is not known to be deleted. `reacted`: somebody reacted to it. `lacksFiles`: its files are not held yet. */
export const vSnapshotRow = v.object({
  externalId: v.string(),
  threadId: v.optional(v.string()),
  editedAt: v.optional(v.number()),
  own: v.boolean(),
  reacted: v.optional(v.literal(true)),
  lacksFiles: v.optional(v.literal(true)),
});

/** See `bridge.standing`. `beyond`: there are more of these than were looked at. */
export const vSnapshot = v.object({
  rows: v.array(vSnapshotRow),
  threads: v.array(v.string()),
  beyond: v.optional(v.array(v.union(v.literal("messages"), v.literal("threads")))),
});
