import type { Infer } from "convex/values";
import type { Doc } from "../../../_generated/dataModel.js";
import type { ActionCtx, QueryCtx } from "../../../_generated/server.js";
import { isImage } from "../../files/wanted.ts";
import { heldFilesOf } from "../../rows/messages/files.ts";
import { isPublicAddress } from "../../shared/addresses.ts";
import type { ContextLine } from "../context.ts";
import type { QuestionImage, QuestionMessage, vHeldImage, vQuestion } from "../question.ts";

/* The images that the AI is shown with what people said. */

/** Images of one question, and bytes of one image and of all data URLs together: the runtime has 64 MiB. */
const MOST_IMAGES = 4;
const IMAGE_BYTES = 5_000_000;
const DATA_BYTES = 8_000_000;

type HeldImage = Infer<typeof vHeldImage>;

interface Line extends ContextLine {
  readonly name?: string;
  readonly sentAt: number;
  readonly message: Doc<"messages">;
}

/** The lines with the newest images that are held, in the order said. */
export async function withImages(ctx: QueryCtx, lines: readonly Line[]) {
  const shown: (Omit<Line, "message"> & { images?: HeldImage[] })[] = [];
  let room = MOST_IMAGES;
  for (const { message, ...line } of lines.toReversed()) {
    const images = room > 0 ? (await imagesOf(ctx, message)).slice(-room) : [];
    room -= images.length;
    shown.push({ ...line, ...(images.length > 0 && { images }) });
  }
  return shown.reverse();
}

/** In the order of the message's attachments. */
async function imagesOf(ctx: QueryCtx, message: Doc<"messages">): Promise<HeldImage[]> {
  const held = await heldFilesOf(ctx, message);
  return held
    .filter(({ size, type }) => size <= IMAGE_BYTES && isImage(type))
    .map(({ storageId, type }) => ({ storageId, type }));
}

/** The messages of a question with the addresses of their images; without those deleted since it was read. */
export async function withAddresses(
  ctx: ActionCtx,
  messages: Infer<typeof vQuestion>["messages"],
): Promise<QuestionMessage[]> {
  const addressed: QuestionMessage[] = [];
  let room = DATA_BYTES;
  // If they don't all fit, the newest do.
  for (const { images: held = [], ...message } of messages.toReversed()) {
    const images: QuestionImage[] = [];
    for (const image of held.toReversed()) {
      const url = await addressOf(ctx, image, room);
      if (url === undefined) continue;
      if (url.startsWith("data:")) room -= url.length;
      images.unshift({ url, type: image.type });
    }
    addressed.unshift({ ...message, ...(images.length > 0 && { images }) });
  }
  return addressed;
}

/** An AI service can't fetch from a local deployment. */
async function addressOf(
  ctx: ActionCtx,
  { storageId, type }: HeldImage,
  room: number,
): Promise<string | undefined> {
  const url = await ctx.storage.getUrl(storageId);
  if (url === null || isPublicAddress(url)) return url ?? undefined;
  const blob = await ctx.storage.get(storageId);
  if (!blob || Math.ceil(blob.size / 3) * 4 + 100 > room) return undefined;
  return `data:${type};base64,${base64(new Uint8Array(await blob.arrayBuffer()))}`;
}

/** Bytes that are encoded at once: a multiple of 3, and few enough to be arguments of one call. */
const PIECE = 30_000;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += PIECE)
    text += btoa(String.fromCharCode(...bytes.subarray(from, from + PIECE)));
  return text;
}
