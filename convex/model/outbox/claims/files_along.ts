import type { Doc } from "../../../_generated/dataModel.js";
import type { QueryCtx } from "../../../_generated/server.js";
import { deliveriesOf } from "../../rows/deliveries.ts";
import { heldFilesOf } from "../../rows/messages/files.ts";
import type { Platform } from "../../shared/validators.ts";

/* Which files of a relayed message go along with its copy. The others are lines of its text. */

/** Files of one message that a platform takes, and their bytes: one, and together. */
const MOST_FILES = 10;
const DISCORD_BYTES = 10 * 1024 * 1024;

/** Images that Slack shows in a block. https://docs.slack.dev/reference/block-kit/blocks/image-block */
const SLACK_TYPES = ["image/png", "image/jpeg", "image/gif"];

interface Fetchable {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly url: string;
}

type Message = Pick<Doc<"messages">, "_id" | "attachments">;

/** The platform's ids of the files that go along with a copy that is posted now. */
export async function chooseFiles(
  ctx: QueryCtx,
  message: Message,
  platform: Platform,
): Promise<string[]> {
  const chosen: string[] = [];
  let room = DISCORD_BYTES;
  for (const { fileId, size, type } of await heldFilesOf(ctx, message)) {
    if (chosen.length === MOST_FILES) break;
    if (platform === "slack" ? !SLACK_TYPES.includes(type) : size > room) continue;
    room -= size;
    chosen.push(fileId);
  }
  return chosen;
}

/** Those that went along with the copy that is in a place, and whether the message still has any of them. */
export async function filesInCopy(
  ctx: QueryCtx,
  { _id, attachments = [] }: Message,
  { mappingId }: Doc<"conversations">,
): Promise<{ readonly inCopy: readonly string[]; readonly anyStays: boolean }> {
  const deliveries = await deliveriesOf(ctx, _id);
  const inCopy =
    deliveries.find((each) => each.op === "create" && each.mappingId === mappingId)?.files ?? [];
  return { inCopy, anyStays: attachments.some(({ id = "" }) => inCopy.includes(id)) };
}

/** What a bridge gets of the files with these ids, from which it fetches their bytes. Without those deleted meanwhile. */
export async function fetchable(ctx: QueryCtx, message: Message, ids: readonly string[]) {
  const found: Fetchable[] = [];
  if (ids.length === 0) return [];
  for (const { fileId, storageId, type, size } of await heldFilesOf(ctx, message)) {
    const name = message.attachments?.find(({ id }) => id === fileId)?.name;
    const url = ids.includes(fileId) ? await ctx.storage.getUrl(storageId) : null;
    if (name !== undefined && url !== null) found.push({ name, type, size, url });
  }
  return found;
}
