import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { toTranscriptRow, vTranscriptRow } from "../admin/transcript.ts";
import { refusal } from "../shared/refusal.ts";
import { checkWords, searchMessages } from "./search_messages.ts";

/** A message as a transcript shows it, with the names of the mapped channel and of the thread that it was said in. */
export const vFoundMessage = vTranscriptRow.extend({
  channelName: v.optional(v.string()),
  threadName: v.optional(v.string()),
});
export type FoundMessage = Infer<typeof vFoundMessage>;

/** Messages that one search shows. */
const [DEFAULT_LIMIT, MOST_FOUND] = [20, 50] as const;

/** See `admin.search`. */
export async function searchAsAdmin(
  ctx: QueryCtx,
  request: { channel: string; text: string; limit?: number },
): Promise<FoundMessage[]> {
  const { channel, text, limit = DEFAULT_LIMIT } = request;
  checkWords(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_FOUND)
    throw refusal("BAD_LIMIT", `a search shows 1 to ${MOST_FOUND.toString()} messages`);
  const channelId = await channelCalled(ctx, channel);
  const found = await searchMessages(ctx, { channelId }, text, limit);
  return await Promise.all(found.map((message) => toFoundMessage(ctx, message)));
}

/** The channel with that id, or the private one of that name: anybody may give a public one the same name. */
async function channelCalled(ctx: QueryCtx, idOrName: string): Promise<Id<"channels">> {
  const id = ctx.db.normalizeId("channels", idOrName);
  const byId = id && (await ctx.db.get("channels", id));
  const channel =
    byId ??
    (await ctx.db
      .query("channels")
      .withIndex("by_private_and_name", (q) => q.eq("private", true).eq("name", idOrName.trim()))
      .first());
  if (!channel)
    throw refusal(
      "CHANNEL_NOT_FOUND",
      "no private channel has that name or id: npm run channels -- list shows them",
    );
  return channel._id;
}

async function toFoundMessage(ctx: QueryCtx, message: Doc<"messages">): Promise<FoundMessage> {
  const { mappingId, conversationId } = message;
  const mapping = mappingId && (await ctx.db.get("mappings", mappingId));
  const conversation = conversationId && (await ctx.db.get("conversations", conversationId));
  return {
    ...(await toTranscriptRow(ctx, message)),
    ...(mapping?.externalName !== undefined && { channelName: mapping.externalName }),
    ...(conversation?.name !== undefined && { threadName: conversation.name }),
  };
}
