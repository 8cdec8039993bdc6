import { imageTypeOf, isImage } from "../../../convex/model/files/wanted.ts";
import type { FileRef } from "../../platform.ts";

const UNKNOWN = "application/octet-stream";

/**
 * The media type of downloaded bytes: an image's by its first bytes, any other's as the platform says. `html`, `no_image`:
 * they are not the file. A platform that refuses a file may answer with a page.
 */
export function typeOfBytes(
  bytes: Uint8Array,
  { mapping, attachment }: Pick<FileRef, "mapping" | "attachment">,
): { readonly type: string } | { readonly refused: "html" | "no_image" } {
  const [announced = UNKNOWN] = (attachment.type ?? UNKNOWN).trim().toLowerCase().split(/[;\s]/, 1);
  const image = imageTypeOf(bytes);
  if (image !== undefined) return { type: image };
  if (!announced.endsWith("html") && isPage(bytes)) return { refused: "html" };
  if (mapping.files !== "all" || isImage(announced)) return { refused: "no_image" };
  return { type: /^[\w.+-]+\/[\w.+-]+$/.test(announced) ? announced : UNKNOWN };
}

function isPage(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  return /^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b/i.test(start);
}
