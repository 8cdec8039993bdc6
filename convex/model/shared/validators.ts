import { type Infer, v } from "convex/values";

/** The chat platforms a bridge exists for. One token issuer each (see `issuers.ts`). */
export const vPlatform = v.union(v.literal("discord"), v.literal("slack"));
export type Platform = Infer<typeof vPlatform>;

/** When a person's message asks for a reply. `mention`: the bot is mentioned, answered, or in the thread. */
export const vTrigger = v.union(v.literal("always"), v.literal("mention"), v.literal("never"));
export type Trigger = Infer<typeof vTrigger>;

/** Where a question asked in the channel itself is answered. */
export const vReplyIn = v.union(v.literal("channel"), v.literal("thread"));
export type ReplyIn = Infer<typeof vReplyIn>;

export const vMappingState = v.union(
  v.literal("active"),
  v.literal("paused"),
  v.literal("unmapped"),
);

export const vDirection = v.union(v.literal("in"), v.literal("out"));

/** What is wrong, in words, and the step with which an admin fixes it. */
export const troubleFields = {
  code: v.string(),
  reason: v.string(),
  step: v.optional(v.string()),
};

/**
 * Absent in a channel that was never mapped. `app`: another bot or webhook. `notice`: shown to people, never sent to
 * the AI.
 */
export const vMessageKind = v.union(
  v.literal("person"),
  v.literal("app"),
  v.literal("reply"),
  v.literal("notice"),
);

/**
 * Whom or what an id token in the content refers to: `<@id>` a user, `<@&id>` a group or role, `<#id>` a
 * channel. The token stays in the stored content; the name is inserted on reading
 * (docs/races.md#names-arrive-after-messages).
 */
export const vMention = v.object({
  kind: v.union(v.literal("user"), v.literal("group"), v.literal("channel")),
  id: v.string(),
  name: v.optional(v.string()),
});
export type Mention = Infer<typeof vMention>;

/** Which files of a channel's messages are held: images up to 10 MB, or any file up to 20 MB (`files/wanted.ts`). */
export const vFilesHeld = v.union(v.literal("none"), v.literal("images"), v.literal("all"));
export type FilesHeld = Infer<typeof vFilesHeld>;

/** What a platform reports about a file. `size` in bytes. `id` is the platform's; a file without one is never fetched. */
export const vAttachment = v.object({
  id: v.optional(v.string()),
  name: v.string(),
  type: v.optional(v.string()),
  size: v.optional(v.number()),
  url: v.string(),
});

/** `open`: asked for and not yet ended, whether its job has begun or not. */
export const vReplyState = v.union(
  v.literal("open"),
  v.literal("done"),
  v.literal("failed"),
  v.literal("cancelled"),
);

/** Tokens bought for a reply, as the AI service counted them. */
export const vUsage = v.object({ promptTokens: v.number(), completionTokens: v.number() });

/** How many people rated an answer, by reacting to it with 👍 or 👎. */
export const vFeedback = v.object({ up: v.number(), down: v.number() });

/** How many people reacted to a message with an emoji. */
export const vReaction = v.object({ emoji: v.string(), count: v.number() });

/**
 * What a delivery says. `author`: who said it, if not the AI. `quote`: the beginning of the message that it answers, and
 * who said that.
 */
export const vSaid = v.object({
  content: v.string(),
  author: v.optional(v.object({ name: v.string(), avatarUrl: v.optional(v.string()) })),
  quote: v.optional(v.object({ name: v.string(), text: v.string() })),
  replyTo: v.optional(v.string()),
});
export type Said = Infer<typeof vSaid>;

export const vDeliveryOp = v.union(v.literal("create"), v.literal("edit"), v.literal("delete"));

/**
 * queued    behind another row of its lane
 * ready     the head of its lane, may be claimed now: the only state the outbox subscription reads
 * leased    a bridge holds it
 * waiting   not before `notBefore`; a timer makes it ready
 * held      its mapping is paused
 * sent, failed, cancelled   ended
 */
export const vDeliveryState = v.union(
  v.literal("queued"),
  v.literal("ready"),
  v.literal("leased"),
  v.literal("waiting"),
  v.literal("held"),
  v.literal("sent"),
  v.literal("failed"),
  v.literal("cancelled"),
);
export type DeliveryState = Infer<typeof vDeliveryState>;

/** Who holds a delivery and until when (ms since 1970). `generation` fences off earlier holders. */
export const vLease = v.object({
  owner: v.string(),
  generation: v.number(),
  expiresAt: v.number(),
});

/**
 * Result of the last catch-up that recovered or missed something: how many events it recovered, and in words what it
 * could not read. `at` in ms since 1970.
 */
export const vCatchUp = v.object({
  at: v.number(),
  recovered: v.number(),
  missed: v.optional(v.string()),
});
