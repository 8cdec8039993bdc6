import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { vMessageRow } from "./model/rows/messages/messages.ts";
import { vFile } from "./model/rows/messages/files.ts";
import { vRearmed } from "./model/rows/rearmed.ts";
import { cursorsTable } from "./model/rows/cursors.ts";
import { reactionsTable } from "./model/rows/messages/reactions.ts";
import { tombstonesTable } from "./model/rows/messages/tombstones.ts";
import { vTaskRow } from "./model/rows/tasks.ts";
import { vDraftRow } from "./model/rows/drafts.ts";
import { vFrozenText } from "./model/rows/frozen_texts.ts";
import { vPost } from "./model/outbox/validators.ts";
import { vProblemRow } from "./model/ingest/report_validators.ts";
import { vMentionName } from "./model/rows/messages/mention_names.ts";
import { vLearned } from "./model/rows/output_limits.ts";
import { vAiHealth } from "./model/rows/ai_health.ts";
import {
  troubleFields,
  vDeliveryOp,
  vDeliveryState,
  vDirection,
  vFeedback,
  vFilesHeld,
  vLease,
  vMappingState,
  vPlatform,
  vReplyIn,
  vReplyState,
  vTrigger,
  vUsage,
} from "./model/shared/validators.ts";

/*
 * Hot-spot rule: nothing that others read or subscribe to is written once per message. Rows a bridge subscribes to
 * (`mappings`, the `ready` range of `deliveries`) are kept apart from rows every message touches.
 */
export default defineSchema({
  // Written by createChannel and by the first mapping. The first mapping sets `private`, which is never cleared,
  // so that unmapping does not publish history (docs/races.md#unmapping-must-not-publish-history).
  channels: defineTable({
    name: v.string(),
    private: v.optional(v.literal(true)),
    instructions: v.optional(v.string()),
    model: v.optional(v.string()),
  }).index("by_private_and_name", ["private", "name"]),

  // Written by createUser, ensureUser (with the `tokenIdentifier` of an app's person), and once per mirrored person.
  // Display names of mirrored people live on their identity, so that a rename is one small write.
  users: defineTable({
    name: v.string(),
    mirrored: v.optional(v.literal(true)),
    tokenIdentifier: v.optional(v.string()),
  }).index("by_tokenIdentifier", ["tokenIdentifier"]),

  // One per person, platform and workspace. Written by ingest when first seen, by `report` when named.
  // `name` is absent until a bridge has looked it up (Slack events carry no names).
  identities: defineTable({
    platform: vPlatform,
    workspaceId: v.string(),
    externalId: v.string(),
    userId: v.id("users"),
    name: v.optional(v.string()),
    avatarUrl: v.optional(v.string()),
  })
    .index("by_platform_and_workspaceId_and_externalId", ["platform", "workspaceId", "externalId"])
    .index("by_userId", ["userId"]),

  // Written by admins, and by `report` when a channel gets another name or id: seldom, so a bridge subscribes to it
  // cheaply. Never deleted: mapping a channel again reuses its row, so that redelivered messages are recognised (docs/races.md#unmapped-and-mapped-again).
  mappings: defineTable({
    platform: vPlatform,
    externalId: v.string(),
    externalName: v.optional(v.string()),
    channelId: v.id("channels"),
    trigger: vTrigger,
    replyIn: vReplyIn,
    state: vMappingState,
    since: v.string(),
    keepDays: v.optional(v.number()),
    // Since when it receives what is said elsewhere in its Convex channel, in ms since 1970. Absent: it does not.
    relaySince: v.optional(v.number()),
    relayApps: v.optional(v.literal(true)),
    // Absent: images.
    files: v.optional(vFilesHeld),
    stream: v.optional(v.literal(true)),
  })
    .index("by_platform_and_externalId", ["platform", "externalId"])
    .index("by_platform_and_state", ["platform", "state"])
    .index("by_keepDays", ["keepDays"])
    .index("by_channelId_and_relaySince", ["channelId", "relaySince"]),

  // Written by bridges when a platform refuses a mapping, cleared by the next success. Apart from
  // `mappings`, so that a posting failure never stops ingest (docs/races.md#a-posting-failure-must-not-stop-ingest).
  mappingHealth: defineTable({
    mappingId: v.id("mappings"),
    direction: vDirection,
    ...troubleFields,
    at: v.number(),
  }).index("by_mappingId_and_direction", ["mappingId", "direction"]),

  // The main channel or one thread of a mapping, or that of apps and admins in a private channel: the key of context,
  // replies and outbox lanes (docs/races.md#one-conversation-per-mapping-and-thread). Inserted once, by ingest,
  // sendMessage and relays. The first reply in a thread sets `joined`, its deletion `goneAt`. Conversations with the same
  // `rootId` are one thread in several places. Without `threadId` such a place is pending: its thread opens at the copy
  // of `openerId`, which is not posted yet; settling that copy sets it (docs/races.md#a-thread-has-no-id-yet).
  conversations: defineTable({
    channelId: v.id("channels"),
    mappingId: v.optional(v.id("mappings")),
    threadId: v.optional(v.string()),
    rootId: v.optional(v.id("messages")),
    openerId: v.optional(v.id("messages")),
    name: v.optional(v.string()),
    joined: v.optional(v.literal(true)),
    // The name is the title of a forum's post.
    titled: v.optional(v.literal(true)),
    goneAt: v.optional(v.number()),
  })
    .index("by_channelId_and_mappingId_and_threadId_and_rootId", [
      "channelId",
      "mappingId",
      "threadId",
      "rootId",
    ])
    .index("by_rootId_and_mappingId", ["rootId", "mappingId"])
    .index("by_openerId", ["openerId"])
    .index("by_mappingId_and_threadId", ["mappingId", "threadId"]),

  // Written by ingest, sendMessage and replies. No `authorId` = the AI. Everything but `channelId`,
  // `authorId` and `content` is absent in a channel that was never mapped. `position` sorts as the platform does.
  messages: defineTable(vMessageRow)
    .index("by_channelId_and_sentAt", ["channelId", "sentAt"])
    .index("by_mappingId_and_toRelay_and_position", ["mappingId", "toRelay", "position"])
    .index("by_mappingId_and_externalId", ["mappingId", "externalId"])
    .index("by_mappingId_and_sentAt", ["mappingId", "sentAt"])
    .index("by_conversationId_and_position", ["conversationId", "position"])
    .index("by_conversationId_and_asks_and_position", ["conversationId", "asks", "position"])
    // A deleted message has no content, so no search finds it.
    .searchIndex("content", { searchField: "content", filterFields: ["channelId", "mappingId"] }),

  // The files of messages, by the platform's id of the file. A row is set once, by a bridge, and deleted with the message
  // or its attachment, and the blob with it (docs/races.md#a-file-arrives-after-its-message).
  files: defineTable(vFile)
    .index("by_messageId_and_fileId", ["messageId", "fileId"])
    .index("by_storageId", ["storageId"]),

  // Uploads that a bridge has announced, `at` in ms since 1970. The sweep looks for those whose row never came, and
  // deletes these rows after two hours (docs/races.md#an-upload-without-a-row).
  uploads: defineTable({ sha256: v.string(), at: v.number() })
    .index("by_at", ["at"])
    .index("by_sha256_and_at", ["sha256", "at"]),

  reactions: reactionsTable,

  tombstones: tombstonesTable,

  // The job that deletes a mapping's messages. Written by each batch, removed by the last.
  purges: defineTable({
    mappingId: v.id("mappings"),
    jobId: v.id("_scheduled_functions"),
    // With this a lost job can be scheduled again. Absent on rows of earlier versions.
    before: v.optional(v.number()),
    // On rows of earlier versions.
    channelId: v.optional(v.id("channels")),
  }).index("by_mappingId", ["mappingId"]),

  // Work that goes on in batches. Inserted when it begins, written by each batch, removed by the last.
  tasks: defineTable(vTaskRow),

  // One row: what was re-armed in the last incident. Written only when the scheduled function that something waited for
  // was gone (docs/races.md#a-scheduled-function-is-gone).
  rearmed: defineTable(vRearmed),

  cursors: cursorsTable,

  // One per requested reply. At most one is `open` per conversation. Inserted by ingest and sendMessage, ended by the
  // AI action's result (done, failed), by the watchdog, and by deletes of messages and threads (cancelled). Reactions to
  // the answer set `feedback`. Deleted by purges, and after 30 days, unless they are rated.
  replies: defineTable({
    conversationId: v.id("conversations"),
    askedBy: v.id("messages"),
    state: vReplyState,
    attempt: v.number(),
    jobId: v.optional(v.id("_scheduled_functions")),
    watchdogId: v.optional(v.id("_scheduled_functions")),
    seen: v.optional(v.string()),
    reason: v.optional(v.string()),
    usage: v.optional(vUsage),
    // The answer, or what it has shown so far. With reactions that rate it: how many, and when they last changed, in ms.
    messageId: v.optional(v.id("messages")),
    feedback: v.optional(vFeedback),
    ratedAt: v.optional(v.number()),
  })
    .index("by_conversationId_and_state", ["conversationId", "state"])
    .index("by_state_and_ratedAt", ["state", "ratedAt"])
    .index("by_messageId", ["messageId"])
    .index("by_ratedAt", ["ratedAt"]),

  // What is written so far of a streamed answer: a row of its own, so that only who follows it is told: a bridge, apps. Inserted
  // and written by the flushes of a reply, removed when the reply ends or its message is deleted.
  drafts: defineTable(vDraftRow).index("by_messageId", ["messageId"]),

  // At most one row. Written when a reply finally fails, and by the first answer after that; every answer reads it.
  aiHealth: defineTable(vAiHealth),

  // Names of channels and groups that messages mention by id alone. Written by bridge reports.
  mentionNames: defineTable(vMentionName).index("by_platform_and_externalId", [
    "platform",
    "externalId",
  ]),

  // What an AI service calls the limit of an answer, where it does not know OpenAI's name. Written by replies.
  outputLimits: defineTable(vLearned).index("by_service", ["service"]),

  // The outbox. A row holds no content (docs/races.md#the-outbox-subscription-stays-small). `endedAt` is absent while
  // the row blocks its lane. Inserted by replies, ingest and sendMessage; updated by bridges through claim and settle, and by their timers. Deleted
  // 30 days after they ended, unless they failed; `posts` may outlive theirs.
  deliveries: defineTable({
    conversationId: v.id("conversations"),
    mappingId: v.id("mappings"),
    platform: vPlatform,
    messageId: v.id("messages"),
    replyTo: v.optional(v.string()),
    op: vDeliveryOp,
    state: vDeliveryState,
    endedAt: v.optional(v.number()),
    attempts: v.number(),
    // How many times in a row the platform was rate limiting.
    waits: v.optional(v.number()),
    generation: v.number(),
    notBefore: v.optional(v.number()),
    claimedAt: v.optional(v.number()),
    lease: v.optional(vLease),
    outcomeUnknown: v.optional(v.literal(true)),
    // The latest time at which a request of unknown outcome was made, in ms since 1970: bounds the search for its post.
    unknownUntil: v.optional(v.number()),
    format: v.optional(v.string()),
    code: v.optional(v.string()),
    reason: v.optional(v.string()),
    step: v.optional(v.string()),
    timerId: v.optional(v.id("_scheduled_functions")),
    // The platform's ids of the files that went along: edits leave them as they are.
    files: v.optional(v.array(v.string())),
  })
    .index("by_conversationId_and_endedAt", ["conversationId", "endedAt"])
    .index("by_platform_and_state", ["platform", "state"])
    .index("by_mappingId_and_state", ["mappingId", "state"])
    .index("by_state_and_endedAt", ["state", "endedAt"])
    .index("by_messageId_and_endedAt", ["messageId", "endedAt"]),

  // What a delivery says, from its first claim until it ends, where the message may change in between
  // (docs/races.md#an-edit-during-its-create). Inserted by claims and deletes, removed with the end of the delivery.
  frozenTexts: defineTable(vFrozenText).index("by_deliveryId", ["deliveryId"]),

  // One row per part of a message that a bridge posted. Written by settle, and by ingest when a part is deleted. `upTo` is the
  // offset in the message's content where the part ends: a long reply resumes there (docs/races.md#a-long-reply-resumes).
  posts: defineTable({
    ...vPost.fields,
    mappingId: v.id("mappings"),
    deliveryId: v.id("deliveries"),
    messageId: v.id("messages"),
    // Absent on rows of earlier versions: the message's own.
    conversationId: v.optional(v.id("conversations")),
    deletedAt: v.optional(v.number()),
  })
    .index("by_mappingId_and_externalId", ["mappingId", "externalId"])
    .index("by_conversationId", ["conversationId"])
    .index("by_deliveryId_and_part", ["deliveryId", "part"])
    .index("by_messageId", ["messageId"]),

  // Skipped events, and gaps that could not be filled (docs/races.md#an-event-that-cannot-be-stored). Written by `report`;
  // resolved (`resolvedAt`) at the end of a catch-up and by unmapping. A resolved problem leaves the status; the next of
  // its kind is a new row. Deleted 30 days later. `kind` is a string, because stored rows have names of earlier versions.
  problems: defineTable({
    ...vProblemRow.fields,
    resolvedAt: v.optional(v.number()),
  })
    .index("by_platform_and_kind_and_mappingId_and_externalId", [
      "platform",
      "kind",
      "mappingId",
      "externalId",
    ])
    .index("by_platform_and_mappingId_and_resolvedAt", ["platform", "mappingId", "resolvedAt"])
    .index("by_resolvedAt", ["resolvedAt"]),
  // An app's own tables go here (docs/apps.md#tables-and-functions-of-your-own).
});
