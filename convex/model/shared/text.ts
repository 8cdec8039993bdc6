/** The first `length` UTF-16 units, one less where that would cut a character in two: half of one is no valid text. */
export function cut(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  const isHalf = text.length > length && last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? length - 1 : length);
}

const encoder = new TextEncoder();

/** A text's length in bytes of UTF-8: the most tokens that it can be. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** The beginning of a text, in at most so many bytes of UTF-8. Never ends in half a character. */
export function cutToBytes(text: string, bytes: number): string {
  const room = new Uint8Array(Math.max(0, bytes));
  return text.slice(0, encoder.encodeInto(text, room).read);
}

/** A text on one line. */
export function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

/** A text that Markdown shows as it is. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_~|<>[\]()#]/g, "\\$&");
}

/** A name on one line, which Markdown shows as it is. */
export function escapedName(name: string): string {
  return escapeMarkdown(onOneLine(name));
}
