import {
  paginationResultValidator,
  type PaginationOptions,
  type PaginationResult,
} from "convex/server";
import { type Infer, v } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { isAdmin, mayReadPrivate, visibleChannel } from "../access/caller.ts";
import { checkWords, searchMessages } from "../search/search_messages.ts";
import { toAppMessages, vAppMessage } from "./message_view.ts";

/** Private channels that are looked at for one list. Each asks the app, which may read its own tables. */
const MOST_CHANNELS = 500;

/** Messages of one page: each takes some ten index ranges at the most, names apart. */
const MOST_MESSAGES = 100;

export const vAppChannel = v.object({ id: v.id("channels"), name: v.string() });

/** See `apps.listChannels`. */
export async function readableChannels(ctx: QueryCtx): Promise<Infer<typeof vAppChannel>[]> {
  const channels = await ctx.db
    .query("channels")
    .withIndex("by_private_and_name", (q) => q.eq("private", true))
    .take(MOST_CHANNELS);
  const mayReadAll = await isAdmin(ctx);
  const rights = await Promise.all(
    channels.map(async (channel) => mayReadAll || (await mayReadPrivate(ctx, channel))),
  );
  return channels.flatMap(({ _id, name }, index) => (rights[index] ? [{ id: _id, name }] : []));
}

export const vAppMessages = paginationResultValidator(vAppMessage);

/** See `apps.messages`. */
export async function readMessages(
  ctx: QueryCtx,
  channelId: Id<"channels">,
  paginationOpts: PaginationOptions,
): Promise<PaginationResult<Infer<typeof vAppMessage>>> {
  if (!(await visibleChannel(ctx, channelId)))
    return { page: [], isDone: true, continueCursor: "" };
  const numItems = Math.min(paginationOpts.numItems, MOST_MESSAGES);
  const result = await ctx.db
    .query("messages")
    .withIndex("by_channelId_and_sentAt", (q) => q.eq("channelId", channelId))
    .order("desc")
    .paginate({ ...paginationOpts, numItems });
  const standing = result.page.filter(({ deletedAt }) => deletedAt === undefined);
  return { ...result, page: await toAppMessages(ctx, standing) };
}

/** Messages that a search finds. */
const MOST_FOUND = 20;

/** See `apps.search`. */
export async function searchReadable(
  ctx: QueryCtx,
  channelId: Id<"channels">,
  text: string,
): Promise<Infer<typeof vAppMessage>[]> {
  // Before the channel is looked at, so that a refusal says nothing about it.
  checkWords(text);
  if (!(await visibleChannel(ctx, channelId))) return [];
  return await toAppMessages(ctx, await searchMessages(ctx, { channelId }, text, MOST_FOUND));
}
