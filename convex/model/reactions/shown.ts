import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { peopleIn, reactionsTo } from "../rows/messages/reactions.ts";
import type { vReaction } from "../shared/validators.ts";

/** The reactions to a message, those of all its posts and copies together. */
export async function reactionsShown(
  ctx: QueryCtx,
  messageId: Id<"messages">,
): Promise<Infer<typeof vReaction>[]> {
  const rows = await reactionsTo(ctx, messageId);
  return [...new Set(rows.map(({ emoji }) => emoji))]
    .map((emoji) => ({ emoji, count: peopleIn(rows.filter((row) => row.emoji === emoji)) }))
    .filter(({ count }) => count > 0);
}
