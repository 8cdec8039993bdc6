import type { MutationCtx } from "../../_generated/server.js";
import { refusal } from "../shared/refusal.ts";
import { deleteEverywhere } from "./take_down.ts";

/** See `admin.deleteMessage`. Returns whether posts are being deleted on a platform. */
export async function deleteReply(ctx: MutationCtx, messageId: string) {
  const id = ctx.db.normalizeId("messages", messageId);
  const message = id && (await ctx.db.get("messages", id));
  if (!message) throw refusal("NOT_FOUND", "no message has that id");
  if (message.kind !== "reply" && message.kind !== "notice") {
    throw refusal("NOT_A_REPLY", "only what the AI said can be deleted here");
  }
  if (message.deletedAt !== undefined) return { takesDown: false };
  return { takesDown: await deleteEverywhere(ctx, message) };
}
