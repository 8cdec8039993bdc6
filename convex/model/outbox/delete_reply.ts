import type { MutationCtx } from "../../_generated/server.js";
import { deliveriesOf } from "../rows/deliveries.ts";
import { refusal } from "../shared/refusal.ts";
import { reopenDelivery } from "./retry.ts";
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
  for (const delivery of await deliveriesOf(ctx, message._id)) {
    // It failed with an unknown outcome: look for the post once more.
    if (delivery.op === "create" && delivery.state === "failed" && delivery.outcomeUnknown)
      await reopenDelivery(ctx, delivery, false);
  }
  return { takesDown: await deleteEverywhere(ctx, message) };
}
