import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import {
  internalAction,
  internalMutation,
  internalQuery,
  mutation,
  query,
} from "./_generated/server.js";
import { speakableUser, visibleChannel, writableChannel } from "./model/access/caller.ts";
import {
  requireOpenChat,
  requireShort,
  sayPrivateMessage,
  saySeedMessage,
} from "./model/ingest/app_message.ts";
import { complete } from "./model/replies/completion.ts";
import { fitContext, toChatLine, vContextLine } from "./model/replies/context.ts";
import { withinTime } from "./model/replies/ai_service/time_limit.ts";
import { newestMessages, toChatMessage, vChatMessage } from "./model/rows/messages/message_text.ts";

/*
 * The chat API. On a channel that was never mapped anybody may use it. A mapped channel is private, for good: it exists
 * only for admins and those whom `convex/access.ts` lets, and the people mirrored into it only for admins.
 */

/** Messages that a list shows, and that the AI reads, by default. */
const RECENT = 10;
const LATEST = 50;
const MOST_LATEST = 200;

export const createUser = mutation({
  args: { name: v.string() },
  returns: v.id("users"),
  handler: async (ctx, { name }) => {
    await requireOpenChat(ctx);
    await requireShort(ctx, "name", name);
    return await ctx.db.insert("users", { name });
  },
});

export const createChannel = mutation({
  args: { name: v.string() },
  returns: v.id("channels"),
  handler: async (ctx, { name }) => {
    await requireOpenChat(ctx);
    await requireShort(ctx, "name", name);
    return await ctx.db.insert("channels", { name });
  },
});

/**
 * Stores a message and asks for a reply. In a private channel it is also posted to every mapped channel that hears the
 * others; who is no admin may speak only as the user that `apps.ensureUser` gave them. Throws "Channel not found", "User
 * not found". Codes: FORBIDDEN, TOO_LONG, RATE_LIMITED.
 */
export const sendMessage = mutation({
  args: {
    channelId: v.id("channels"),
    authorId: v.id("users"),
    content: v.string(),
  },
  returns: v.null(),
  handler: async (ctx, { channelId, authorId, content }) => {
    const channel = await writableChannel(ctx, channelId);
    if (!channel?.private) await requireOpenChat(ctx);
    await requireShort(ctx, "message", content);
    if (!channel) throw new Error("Channel not found");
    const author = await speakableUser(ctx, authorId, channel);
    if (!author) throw new Error("User not found");
    const said = { channel, authorId, content };
    await (channel.private ? sayPrivateMessage(ctx, said) : saySeedMessage(ctx, said));
    return null;
  },
});

/** The channel's ten newest messages, newest first; none of a channel the caller may not see. */
export const listMessages = query({
  args: { channelId: v.id("channels") },
  returns: v.array(vChatMessage),
  handler: async (ctx, { channelId }) => {
    if (!(await visibleChannel(ctx, channelId))) return [];
    const newest = await newestMessages(ctx, channelId, RECENT);
    return await Promise.all(newest.map((message) => toChatMessage(ctx, message)));
  },
});

/** The channel's newest messages (50, or `limit` up to 200), oldest first: what a chat window shows. */
export const listLatestMessages = query({
  args: { channelId: v.id("channels"), limit: v.optional(v.number()) },
  returns: v.array(vChatMessage),
  handler: async (ctx, { channelId, limit = LATEST }) => {
    if (!(await visibleChannel(ctx, channelId))) return [];
    const asked = Number.isNaN(limit) ? LATEST : Math.floor(limit);
    const wanted = Math.min(Math.max(1, asked), MOST_LATEST);
    const newest = await newestMessages(ctx, channelId, wanted);
    return await Promise.all(newest.reverse().map((message) => toChatMessage(ctx, message)));
  },
});

/** One reply in a channel that was never mapped. Throws "Channel not found", "No content in response". */
export const generateResponse = internalAction({
  args: { channelId: v.id("channels") },
  returns: v.null(),
  handler: async (ctx, { channelId }) => {
    const messages = await ctx.runQuery(internal.index.loadContext, { channelId });
    const prompt = { messages: fitContext(messages) };
    const { content } = await withinTime((signal) => complete({ ...prompt, signal }));
    await ctx.runMutation(internal.index.writeAgentResponse, { channelId, content });
    return null;
  },
});

/** What the AI reads: the ten newest messages, oldest first. Throws "Channel not found", "User not found". */
export const loadContext = internalQuery({
  args: { channelId: v.id("channels") },
  returns: v.array(vContextLine),
  handler: async (ctx, { channelId }) => {
    const channel = await ctx.db.get("channels", channelId);
    if (!channel) throw new Error("Channel not found");
    const newest = await newestMessages(ctx, channelId, RECENT);
    const spoken = newest.reverse().filter(({ kind }) => kind !== "notice");
    return await Promise.all(spoken.map((message) => toChatLine(ctx, message)));
  },
});

/**
 * Stores what the AI said in a channel that was never mapped. One that was mapped while the AI was writing gets
 * nothing: its conversations have replies of their own (`replies.ts`), and this one belongs to none of them
 * (docs/races.md#a-channel-becomes-private-while-a-reply-is-being-written).
 */
export const writeAgentResponse = internalMutation({
  args: { channelId: v.id("channels"), content: v.string() },
  returns: v.null(),
  handler: async (ctx, { channelId, content }) => {
    const channel = await ctx.db.get("channels", channelId);
    if (!channel || channel.private) return null;
    await ctx.db.insert("messages", { channelId, content });
    return null;
  },
});
