import { type Infer, v } from "convex/values";
import { vAiHealth } from "../rows/ai_health.ts";
import { vDeliveryOp } from "../shared/validators.ts";

/** One part of a delivery that was posted. `upTo`: offset in the content where it ends. */
export const vPost = v.object({
  part: v.number(),
  externalId: v.string(),
  upTo: v.number(),
});

/** All a bridge needs to carry out one delivery. */
export const vClaimed = v.object({
  deliveryId: v.id("deliveries"),
  generation: v.number(),
  leaseMs: v.number(),
  op: vDeliveryOp,
  mappingId: v.id("mappings"),
  conversationId: v.id("conversations"),
  messageId: v.id("messages"),
  channel: v.string(),
  threadId: v.optional(v.string()),
  /** If it may open a thread: the beginning of what the thread is started from, used as its name. */
  question: v.optional(v.string()),
  /** The thread may not exist yet: it opens at the message with its id. */
  opensThread: v.optional(v.boolean()),
  /** It carries what a person or an app said in another place. */
  relayed: v.optional(v.boolean()),
  /** Who said that. */
  author: v.optional(v.object({ name: v.string(), avatarUrl: v.optional(v.string()) })),
  /** What a relayed message answers. `replyTo` is its id in this channel, if it has one. */
  quote: v.optional(v.object({ name: v.string(), text: v.string() })),
  /** The newest post in this place when the delivery was first claimed: a lost post is newer. */
  newestPost: v.optional(v.string()),
  /** Names the message in the same way after a backup is restored. */
  origin: v.optional(v.string()),
  replyTo: v.optional(v.string()),
  /** What it says is still being written: once it is posted, `bridge.draft` is followed. */
  draft: v.optional(v.id("drafts")),
  content: v.string(),
  /** Files that go with the first part. `url` serves the bytes, `size` many; `content` has lines for the others. */
  files: v.optional(
    v.array(v.object({ name: v.string(), type: v.string(), size: v.number(), url: v.string() })),
  ),
  /** In an edit: files went with the first part, and stay there; false: the message has none of them any more. */
  hasFiles: v.optional(v.boolean()),
  posts: v.array(vPost),
  attempts: v.number(),
  firstClaimedAt: v.number(),
  /** ms from the first claim to this one, by Convex's clock. */
  ageMs: v.number(),
  outcomeUnknown: v.boolean(),
  /** It may have been posted before a backup was restored: look for it, and send it unless it is found. */
  lookFirst: v.optional(v.boolean()),
  /** The message was deleted meanwhile: find what may have been posted, and send nothing. */
  onlyFind: v.optional(v.boolean()),
  /** Until when the request of unknown outcome may have been made (ms since 1970). */
  unknownUntil: v.optional(v.number()),
  /** Version of the renderer that a post of unknown outcome was made with; otherwise the claimer's. */
  format: v.optional(v.string()),
});

/** See `bridge.draft`. */
export const vDraft = v.union(
  v.object({ text: v.string(), revision: v.number(), waiting: v.optional(v.boolean()) }),
  v.null(),
);

/** `gone`: another worker claimed it, or it ended or is held. */
export const vClaim = v.union(
  v.object({ status: v.literal("claimed"), delivery: vClaimed }),
  v.object({ status: v.literal("gone") }),
);

/** Who claims. `format` is the version of its renderer. */
const claimerFields = { owner: v.string(), format: v.optional(v.string()) };

export const vClaimer = v.object({ deliveryId: v.id("deliveries"), ...claimerFields });

/**
 * A bridge's report about a delivery it claimed.
 * verify    nothing yet: asks whether the caller may send that part again, whose outcome was unknown
 *           (docs/races.md#a-lease-expires-during-a-post)
 * posted    a part was posted; `last` ends the delivery. A fact: accepted from any caller at any time
 *           (docs/races.md#a-success-is-reported-late)
 * done      an edit or a delete is carried out; `removed`: the posts that it deleted
 * retry     not sent, or not known to be sent (`certain: false`); try again after `afterMs`
 * failed    will not work without a person; `step` is what that person does; `health` marks the mapping
 * release   certainly not sent; another process may have it now
 */
export const vSettlement = v.union(
  v.object({ kind: v.literal("verify"), part: v.number() }),
  v.object({ kind: v.literal("posted"), post: vPost, last: v.boolean(), format: v.string() }),
  v.object({ kind: v.literal("done"), removed: v.optional(v.array(v.string())) }),
  v.object({
    kind: v.literal("retry"),
    code: v.string(),
    reason: v.string(),
    afterMs: v.number(),
    certain: v.boolean(),
    /** The platform only asked to wait: not an attempt. */
    limited: v.optional(v.literal(true)),
  }),
  v.object({
    kind: v.literal("failed"),
    code: v.string(),
    reason: v.string(),
    step: v.optional(v.string()),
    certain: v.boolean(),
    health: v.boolean(),
  }),
  v.object({ kind: v.literal("release") }),
);

/** See `bridge.settle`. */
export const vReport = v.object({
  deliveryId: v.id("deliveries"),
  generation: v.number(),
  settlement: vSettlement,
  next: v.optional(v.object(claimerFields)),
});

export const vSettled = v.object({
  held: v.boolean(),
  ai: v.optional(vAiHealth),
  next: v.optional(vClaimed),
});

/** A call of `bridge.claim` or `bridge.settle`, and its answer. */
export const vOutboxCall = v.union(
  v.object({ kind: v.literal("claim"), args: vClaimer }),
  v.object({ kind: v.literal("settle"), args: vReport }),
);
export const vOutboxAnswer = v.union(
  v.object({ kind: v.literal("claim"), answer: vClaim }),
  v.object({ kind: v.literal("settle"), answer: vSettled }),
);
export type OutboxAnswer = Infer<typeof vOutboxAnswer>;
