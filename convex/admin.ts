import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { requireAdmin } from "./model/access/caller.ts";
import { deleteReply } from "./model/outbox/delete_reply.ts";
import { readFeedback, vFeedbackPage } from "./model/admin/feedback.ts";
import { readActivity, vActivity } from "./model/admin/activity.ts";
import { changeMapping, mapChannel, unmapChannel } from "./model/admin/map_unmap.ts";
import { findMapping, listMappings, vMappingRow } from "./model/rows/mappings.ts";
import { refusal } from "./model/shared/refusal.ts";
import { searchAsAdmin, vFoundMessage } from "./model/search/found_message.ts";
import { retryDeliveries } from "./model/outbox/retry.ts";
import { overallStatus, vStatus } from "./model/admin/status.ts";
import { readTranscript, vTranscript } from "./model/admin/transcript.ts";
import { vFilesHeld, vPlatform, vReplyIn, vTrigger } from "./model/shared/validators.ts";

/*
 * What the admin script may call, with a token signed by the admin key. Failures are `ConvexError`s
 * `{ code, message }`; nothing is changed when one is thrown.
 */

/**
 * Maps a platform channel onto a Convex channel: the private one called `to` (made if there is none), or the
 * public one with id `adopt`, which becomes private. The channel's last `history` messages come along and ask
 * nothing. With `keepDays`, messages older than that are not stored, and deleted once a day. With `relay`, the platform
 * channel receives what is said elsewhere in the Convex channel, by apps too with `relayApps`. `files`: which files of its
 * messages are held, by default images. With `stream`, people watch answers being written. Codes: BAD_ID,
 * BAD_HISTORY, BAD_KEEP, ALREADY_MAPPED, CHANNEL_NOT_FOUND, BAD_TARGET, BEING_DELETED, TOO_MANY_MAPPINGS.
 */
export const map = mutation({
  args: {
    platform: vPlatform,
    externalId: v.string(),
    externalName: v.optional(v.string()),
    to: v.optional(v.string()),
    adopt: v.optional(v.string()),
    trigger: v.optional(vTrigger),
    replyIn: v.optional(vReplyIn),
    instructions: v.optional(v.string()),
    model: v.optional(v.string()),
    history: v.optional(v.number()),
    keepDays: v.optional(v.number()),
    relay: v.optional(v.boolean()),
    relayApps: v.optional(v.boolean()),
    files: v.optional(vFilesHeld),
    stream: v.optional(v.boolean()),
  },
  returns: v.object({
    mappingId: v.id("mappings"),
    channelId: v.id("channels"),
    channelName: v.string(),
    channelCreated: v.boolean(),
  }),
  handler: async (ctx, args) => {
    await requireAdmin(ctx);
    return mapChannel(ctx, args);
  },
});

/**
 * Stops mirroring. Messages stay, unless `deleteMessages`: then they are deleted in the background, with
 * every reply to them, even if the channel was unmapped before. What waits in the outbox is cancelled: up to 200
 * deliveries at once, which are counted, and the others in the background.
 * Codes: NOT_MAPPED.
 */
export const unmap = mutation({
  args: {
    platform: vPlatform,
    externalId: v.string(),
    deleteMessages: v.optional(v.boolean()),
  },
  returns: v.object({
    channelId: v.id("channels"),
    channelName: v.string(),
    cancelledDeliveries: v.number(),
  }),
  handler: async (ctx, args) => {
    await requireAdmin(ctx);
    return unmapChannel(ctx, args);
  },
});

/** Counts a page of the messages mirrored by a mapping, also by one that was unmapped. Codes: NOT_MAPPED. */
export const countMessages = query({
  args: {
    platform: vPlatform,
    externalId: v.string(),
    paginationOpts: paginationOptsValidator,
  },
  returns: v.object({ count: v.number(), isDone: v.boolean(), continueCursor: v.string() }),
  handler: async (ctx, { platform, externalId, paginationOpts }) => {
    await requireAdmin(ctx);
    const mapping = await findMapping(ctx, platform, externalId);
    if (!mapping) throw refusal("NOT_MAPPED", `${platform} ${externalId} is not mapped`);
    const { page, isDone, continueCursor } = await ctx.db
      .query("messages")
      .withIndex("by_mappingId_and_sentAt", (q) => q.eq("mappingId", mapping._id))
      .paginate(paginationOpts);
    return { count: page.length, isDone, continueCursor };
  },
});

/**
 * Changes a mapping's settings. `null` for instructions or model: back to the default. Instructions and model
 * belong to the Convex channel and so to every channel mapped onto it. `keepDays`, `relay`, `relayApps`, `stream`: as for
 * `map`; `keepDays: null`: for ever. `files: "none"` keeps what is held.
 * Codes: NOT_MAPPED, BAD_KEEP.
 */
export const change = mutation({
  args: {
    platform: vPlatform,
    externalId: v.string(),
    trigger: v.optional(vTrigger),
    replyIn: v.optional(vReplyIn),
    instructions: v.optional(v.union(v.string(), v.null())),
    model: v.optional(v.union(v.string(), v.null())),
    state: v.optional(v.union(v.literal("active"), v.literal("paused"))),
    keepDays: v.optional(v.union(v.number(), v.null())),
    relay: v.optional(v.boolean()),
    relayApps: v.optional(v.boolean()),
    files: v.optional(vFilesHeld),
    stream: v.optional(v.boolean()),
  },
  returns: vMappingRow,
  handler: async (ctx, args) => {
    await requireAdmin(ctx);
    return changeMapping(ctx, args);
  },
});

/** Every mapping that is active or paused. */
export const list = query({
  args: {},
  returns: v.array(vMappingRow),
  handler: async (ctx) => {
    await requireAdmin(ctx);
    return listMappings(ctx);
  },
});

/**
 * What is healthy and what is stuck: mappings with their health, failed deliveries, open problems. With `platform` only
 * its mappings and deliveries: more than a thousand mappings are too many for one call.
 */
export const status = query({
  args: { platform: v.optional(vPlatform) },
  returns: vStatus,
  handler: async (ctx, { platform }) => {
    await requireAdmin(ctx);
    return overallStatus(ctx, platform);
  },
});

/**
 * Retries failed deliveries: the named one, or all (at most 100 per call). A named one is sent even if it may have been
 * posted already; for the others the bridge looks for the post first. Codes: NOT_FOUND, NOT_FAILED.
 */
export const retry = mutation({
  args: { deliveryId: v.optional(v.string()) },
  returns: v.object({ retried: v.number(), more: v.boolean() }),
  handler: async (ctx, args) => {
    await requireAdmin(ctx);
    return retryDeliveries(ctx, args.deliveryId);
  },
});

/**
 * Deletes a reply or notice of the AI: here, and through a bridge on the platform. Codes: NOT_FOUND,
 * NOT_A_REPLY.
 */
export const deleteMessage = mutation({
  args: { messageId: v.string() },
  returns: v.object({ takesDown: v.boolean() }),
  handler: async (ctx, { messageId }) => {
    await requireAdmin(ctx);
    return deleteReply(ctx, messageId);
  },
});

/** Everything said in a channel with all that is known of it, page by page, oldest first. Codes: CHANNEL_NOT_FOUND. */
export const transcript = query({
  args: { channelId: v.string(), paginationOpts: paginationOptsValidator },
  returns: vTranscript,
  handler: async (ctx, { channelId, paginationOpts }) => {
    await requireAdmin(ctx);
    const id = ctx.db.normalizeId("channels", channelId);
    if (!id || !(await ctx.db.get("channels", id)))
      throw refusal("CHANNEL_NOT_FOUND", "no channel has that id");
    return await readTranscript(ctx, id, paginationOpts);
  },
});

/** Every answer that people rated by reacting to it, page by page, those rated longest ago first. */
export const feedback = query({
  args: { paginationOpts: paginationOptsValidator },
  returns: vFeedbackPage,
  handler: async (ctx, { paginationOpts }) => {
    await requireAdmin(ctx);
    return await readFeedback(ctx, paginationOpts);
  },
});

/**
 * What was said in a channel (its id, or a private one's name) and has at least one of the words, or one that begins like
 * the last word: the most relevant messages first, the newest first of those that are equally so; 20, or `limit` up to 50.
 * Nothing of deleted messages. Codes: CHANNEL_NOT_FOUND, BAD_TEXT (no word, over 16, or one of 32 bytes or more), BAD_LIMIT.
 */
export const search = query({
  args: { channel: v.string(), text: v.string(), limit: v.optional(v.number()) },
  returns: v.array(vFoundMessage),
  handler: async (ctx, args) => {
    await requireAdmin(ctx);
    return await searchAsAdmin(ctx, args);
  },
});

/**
 * What goes on in a channel now, for an admin's live view: its 50 newest messages with their deliveries, and the
 * replies being written. Nothing for an unknown channel.
 */
export const activity = query({
  args: { channelId: v.string() },
  returns: vActivity,
  handler: async (ctx, { channelId }) => {
    await requireAdmin(ctx);
    const id = ctx.db.normalizeId("channels", channelId);
    if (!id) return { messages: [], replies: [], deliveries: [], held: [] };
    return await readActivity(ctx, id);
  },
});
