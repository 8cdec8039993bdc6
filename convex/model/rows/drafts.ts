import { v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** `text` is whole Markdown. Each flush that changes it raises `revision`. */
export const vDraftRow = v.object({
  messageId: v.id("messages"),
  conversationId: v.id("conversations"),
  mappingId: v.id("mappings"),
  text: v.string(),
  revision: v.number(),
});

/** What is written so far of a streamed answer; null once it is whole, given up or deleted. */
export async function draftOf(
  ctx: QueryCtx,
  messageId: Id<"messages">,
): Promise<Doc<"drafts"> | null> {
  return await ctx.db
    .query("drafts")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .unique();
}

/** Whether a message is an answer that is still being written. */
export async function isBeingWritten(
  ctx: QueryCtx,
  { _id, streamed }: Doc<"messages">,
): Promise<boolean> {
  return streamed === true && (await draftOf(ctx, _id)) !== null;
}

/** Ends a draft: who follows it stops. Returns what it was. */
export async function dropDraft(
  ctx: MutationCtx,
  messageId: Id<"messages">,
): Promise<Doc<"drafts"> | null> {
  const draft = await draftOf(ctx, messageId);
  if (draft) await ctx.db.delete("drafts", draft._id);
  return draft;
}
