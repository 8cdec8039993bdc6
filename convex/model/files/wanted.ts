import type { FilesHeld } from "../shared/validators.ts";

/* Which files are held, decided in the same way by bridges, which fetch them, and by Convex, which waits for them. */

/** The types of images that are held, and that AI services read. https://platform.openai.com/docs/guides/images-vision */
export const IMAGE_TYPES: readonly string[] = [
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
];

/** The largest file that is held, in bytes. */
export const MOST_BYTES = { images: 10_000_000, all: 20_000_000 } as const;

/** What is known of a file. `size` in bytes. */
export interface FileFacts {
  readonly id?: string | undefined;
  readonly type?: string | undefined;
  readonly size?: number | undefined;
}

/** Whether a file is fetched, by what its platform says of it. A size that is not known fits; a type is no image's. */
export function isWanted(files: FilesHeld, { id, type = "", size = 0 }: FileFacts): boolean {
  if (id === undefined || files === "none") return false;
  return size <= MOST_BYTES[files] && (files === "all" || isImage(type));
}

/** How long a question or a relayed message waits for its files, in ms. */
export const FILES_WAIT_MS = 5_000;

/** Whether something waits for a file: a relay for all that are fetched, a reply for images, which the AI is shown. */
export function isAwaited(by: "relay" | "reply", files: FilesHeld, file: FileFacts): boolean {
  return isWanted(files, file) && (by === "relay" || isImage(file.type ?? ""));
}

/** How long a new message waits for its files, in ms. */
export function filesDelay(files: FilesHeld, attachments: readonly FileFacts[]) {
  const ms = (by: "relay" | "reply") =>
    attachments.some((file) => isAwaited(by, files, file)) ? FILES_WAIT_MS : 0;
  return { relayMs: ms("relay"), replyMs: ms("reply") };
}

/** Whether a type, perhaps with parameters, is that of an image that can be held. */
export function isImage(type: string): boolean {
  return IMAGE_TYPES.includes(type.replace(/;.*/s, "").trim().toLowerCase());
}

/** The type of an image by its first bytes; undefined if it is none of those that are held. */
export function imageTypeOf(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^RIFF.{4}WEBP/s.test(head)) return "image/webp";
  return /^GIF8[79]a/.test(head) ? "image/gif" : undefined;
}

const MARK = "upload=bridge";

/**
 * The Content-Type of an upload. Its parameter tells it from a blob of an app that has the same bytes: only what has it is
 * ever swept (docs/races.md#an-upload-without-a-row).
 */
export function uploadType(type: string): string {
  return `${type}; ${MARK}`;
}

/** Whether a stored blob's type is one that `uploadType` gave. */
export function isUpload(contentType: string | null | undefined): boolean {
  return contentType?.replaceAll(" ", "").endsWith(`;${MARK}`) ?? false;
}
