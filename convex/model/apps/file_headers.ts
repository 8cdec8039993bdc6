import { cutToBytes, onOneLine } from "../shared/text.ts";
import type { ReadableFile } from "./readable_file.ts";

/** A media type with or without parameters. https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1 */
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *;[ -~]*)?$/;

/** What a browser shows and never runs. An SVG image can contain a script. */
const SHOWN = /^(?:(?:image|audio|video)\/(?!svg)|text\/plain *(?:;|$))/i;

/** Bytes of a file's name: as many as file systems allow. */
const NAME_BYTES = 255;

/** Headers that say what a file is, and keep a browser from running anything of it. */
export function describingHeaders({ type, name }: Pick<ReadableFile, "type" | "name">) {
  // A type that no header can have comes from a platform's event.
  const mediaType = MEDIA_TYPE.test(type) ? type : "application/octet-stream";
  return {
    "content-type": mediaType,
    "content-disposition": disposition(SHOWN.test(mediaType) ? "inline" : "attachment", name),
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  };
}

/**
 * A name for all programs, and one in UTF-8 for those that know it.
 * https://www.rfc-editor.org/rfc/rfc6266#appendix-D, https://www.rfc-editor.org/rfc/rfc8187
 */
function disposition(kind: "inline" | "attachment", name: string): string {
  const short = cutToBytes(onOneLine(name), NAME_BYTES);
  const ascii = short.replace(/[^ -~]|["%/\\]/gu, "_");
  const encoded = encodeURIComponent(short).replace(/['()*]/g, percentEncoded);
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
