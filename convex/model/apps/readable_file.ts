import { type Infer, v } from "convex/values";
import type { QueryCtx } from "../../_generated/server.js";
import { visibleChannel } from "../access/caller.ts";
import { MOST_BYTES } from "../files/wanted.ts";
import { isHeld } from "../rows/messages/files.ts";

/** What is needed to serve a file. `type`: its media type, as its bridge found it. */
export const vReadableFile = v.object({
  storageId: v.id("_storage"),
  type: v.string(),
  name: v.string(),
});
export type ReadableFile = Infer<typeof vReadableFile>;

/** See `internal.apps.readableFile`. */
export async function findReadableFile(ctx: QueryCtx, id: string): Promise<ReadableFile | null> {
  const fileId = ctx.db.normalizeId("files", id);
  const file = fileId && (await ctx.db.get("files", fileId));
  if (!file || !isHeld(file) || file.size > MOST_BYTES.all) return null;
  const message = await ctx.db.get("messages", file.messageId);
  // The batch that deletes a message deletes its files too, but nothing of it depends on that here.
  if (!message || message.deletedAt !== undefined) return null;
  const attachment = message.attachments?.find((each) => each.id === file.fileId);
  if (!attachment || !(await visibleChannel(ctx, message.channelId))) return null;
  return { storageId: file.storageId, type: file.type, name: attachment.name };
}
