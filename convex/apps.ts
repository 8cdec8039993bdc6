import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { internalQuery, mutation, query } from "./_generated/server.js";
import { ensureAppUser } from "./model/apps/people.ts";
import { vAppMessage } from "./model/apps/message_view.ts";
import { findReadableFile, vReadableFile } from "./model/apps/readable_file.ts";
import {
  readableChannels,
  readMessages,
  searchReadable,
  vAppChannel,
  vAppMessages,
} from "./model/apps/read_channels.ts";

/*
 * What the people of an app call besides the chat API (docs/apps.md). `convex/access.ts` says which mapped channels they
 * may read and write. For everybody else these don't exist.
 */

/** The mapped channels that the caller may read, by name; of the first 500 there are. */
export const listChannels = query({
  args: {},
  returns: v.array(vAppChannel),
  handler: async (ctx) => readableChannels(ctx),
});

/**
 * A channel's messages, newest first, for `usePaginatedQuery`: at most 100 a page. Deleted ones are left out, so a page
 * may have fewer than it was asked for. None of a channel that the caller may not read.
 */
export const messages = query({
  args: { channelId: v.id("channels"), paginationOpts: paginationOptsValidator },
  returns: vAppMessages,
  handler: async (ctx, { channelId, paginationOpts }) =>
    readMessages(ctx, channelId, paginationOpts),
});

/**
 * The messages of a channel that have at least one of the words, the most relevant first: at most 20. None of a channel
 * that the caller may not read. Codes: BAD_TEXT.
 */
export const search = query({
  args: { channelId: v.id("channels"), text: v.string() },
  returns: v.array(vAppMessage),
  handler: async (ctx, { channelId, text }) => searchReadable(ctx, channelId, text),
});

/**
 * The user that the calling person speaks as: one for each person, made by the first call, and named as the provider's
 * token says (`name`, `nickname`), else `name`. Codes: FORBIDDEN for who is not signed in with the app's provider.
 */
export const ensureUser = mutation({
  args: { name: v.optional(v.string()) },
  returns: v.id("users"),
  handler: async (ctx, { name }) => ensureAppUser(ctx, name),
});

/** A held file of a message, if the caller may read it; `id` is what the address says. Called by `convex/http.ts`. */
export const readableFile = internalQuery({
  args: { id: v.string() },
  returns: v.union(vReadableFile, v.null()),
  handler: async (ctx, { id }) => findReadableFile(ctx, id),
});
