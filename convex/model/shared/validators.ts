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

/** Absent on the seed's rows. `app`: another bot or webhook. `notice`: said to people, never to the AI. */
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

/** What a platform reports about a file. `size` in bytes. The bytes themselves are not copied. */
export const vAttachment = v.object({
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
 * Who said it. `name` is absent where the event carries only an id (Slack). `provisional`: not the
 * person's name in that server (Discord's history lacks it), so it never replaces a name.
 */
export const vAuthor = v.object({
  externalId: v.string(),
  workspaceId: v.string(),
  name: v.optional(v.string()),
  avatarUrl: v.optional(v.string()),
  provisional: v.optional(v.literal(true)),
});

/**
 * A message as the platform has it: new, edited (`editedAt` set), or read again from history.
 * Content is canonical Markdown with id tokens. Times are ms since 1970. `backfilled`: from before the
 * mapping, so it requests no reply.
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
});
export type MessageEvent = Infer<typeof vMessageEvent>;

/** `thread`: the thread with that id was deleted with every message in it, but not the message it was started from. */
export const vDeleteEvent = v.object({
  type: v.literal("delete"),
  mappingId: v.id("mappings"),
  externalId: v.string(),
  thread: v.optional(v.literal(true)),
});

/** What a bridge sends to `ingest`. */
export const vEvent = v.union(vMessageEvent, vDeleteEvent);
export type BridgeEvent = Infer<typeof vEvent>;

/**
 * What became of one event, in the order sent.
 * inserted  stored                      asked    stored, and a reply is being written
 * edited    content replaced            deleted  content cleared, or the delete remembered
 * known     nothing new (redelivered, or an older edit)
 * ignored   the message is older than the mapping
 * inactive  the mapping is paused or unmapped: not stored; catch-up fetches it once the mapping is active
 */
export const vOutcome = v.union(
  v.literal("inserted"),
  v.literal("asked"),
  v.literal("edited"),
  v.literal("deleted"),
  v.literal("known"),
  v.literal("ignored"),
  v.literal("inactive"),
);
export type Outcome = Infer<typeof vOutcome>;

/**
 * Result of the last catch-up that recovered or missed something: how many events it recovered, and in words what it
 * could not read. `at` in ms since 1970.
 */
export const vCatchUp = v.object({
  at: v.number(),
  recovered: v.number(),
  missed: v.optional(v.string()),
});

/**
 * "Every event of this mapping up to `upTo` is committed." Only ever moves forward. `since`: the mapping's, as that
 * catch-up read it. `caughtUp`: the catch-up ends with this.
 */
export const vAdvance = v.object({
  mappingId: v.id("mappings"),
  upTo: v.string(),
  since: v.optional(v.string()),
  caughtUp: v.optional(v.object({ recovered: v.number(), missed: v.optional(v.string()) })),
});

/** Where a mapping's catch-up begins. `history`: how many older messages to backfill first. */
export const vCursor = v.object({
  mappingId: v.id("mappings"),
  upTo: v.string(),
  history: v.optional(v.number()),
});

/** A message, or a piece of a reply (`own`), that exists on the platform as far as Convex knows. */
export const vStanding = v.object({
  externalId: v.string(),
  threadId: v.optional(v.string()),
  editedAt: v.optional(v.number()),
  own: v.boolean(),
});

/** One piece of a delivery that was posted. `upTo`: offset in the content where it ends. */
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
  /** What is answered, where the answer opens a thread: its beginning, to call the thread by. */
  question: v.optional(v.string()),
  replyTo: v.optional(v.string()),
  content: v.string(),
  posts: v.array(vPost),
  attempts: v.number(),
  firstClaimedAt: v.number(),
  /** ms from the first claim to this one, by Convex's clock. */
  ageMs: v.number(),
  outcomeUnknown: v.boolean(),
  /** The message was deleted meanwhile: find what may have been posted, and send nothing. */
  onlyFind: v.optional(v.boolean()),
  /** Until when the request of unknown outcome may have been made (ms since 1970). */
  unknownUntil: v.optional(v.number()),
  /** Version of the renderer that a post of unknown outcome was made with; otherwise the claimer's. */
  format: v.optional(v.string()),
});

/** `gone`: another worker claimed it, or it ended or is held. */
export const vClaim = v.union(
  v.object({ status: v.literal("claimed"), delivery: vClaimed }),
  v.object({ status: v.literal("gone") }),
);

/**
 * A bridge's report about a delivery it claimed.
 * verify    nothing yet: asks whether the caller may send that part again, whose outcome was unknown
 *           (docs/races.md#a-lease-expires-during-a-post)
 * posted    a piece was posted; `last` ends the delivery. A fact: accepted from any caller at any time
 *           (docs/races.md#a-success-is-reported-late)
 * done      an edit or a delete is carried out
 * retry     not sent, or not known to be sent (`certain: false`); try again after `afterMs`
 * failed    will not work without a person; `step` is what that person does; `health` marks the mapping
 * release   certainly not sent; another process may have it now
 */
export const vSettlement = v.union(
  v.object({ kind: v.literal("verify"), part: v.number() }),
  v.object({ kind: v.literal("posted"), post: vPost, last: v.boolean(), format: v.string() }),
  v.object({ kind: v.literal("done") }),
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

/** A person's name as the platform shows it. */
export const vPerson = v.object({
  workspaceId: v.string(),
  externalId: v.string(),
  name: v.string(),
  avatarUrl: v.optional(v.string()),
});

/** Something an admin should see: a skipped event, a gap. Counted when it repeats. */
export const vProblem = v.object({
  mappingId: v.optional(v.id("mappings")),
  kind: v.string(),
  externalId: v.optional(v.string()),
  reason: v.string(),
});

/** What became of a mapped channel itself: its name now, or the id it moved to. */
export const vChannelNews = v.object({
  mappingId: v.id("mappings"),
  name: v.optional(v.string()),
  externalId: v.optional(v.string()),
});

/** The state of one direction of a mapping: what is wrong, or (without `trouble`) that it works again. */
export const vHealth = v.object({
  mappingId: v.id("mappings"),
  direction: vDirection,
  trouble: v.optional(
    v.object({ code: v.string(), reason: v.string(), step: v.optional(v.string()) }),
  ),
});
