import { decodeNamedCharacterReference } from "decode-named-character-reference";

/** A reference to a character, by number or name. */
export const ENTITY = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});/g;

/** The character that is referred to. A name that Markdown does not know stays as written. */
export function characterOf(entity: string): string {
  if (!entity.startsWith("&#")) {
    const named = decodeNamedCharacterReference(entity.slice(1, -1));
    return named === false ? entity : named;
  }
  const code = Number(entity.slice(2, -1).replace(/^x/i, "0x"));
  const char = String.fromCodePoint(Math.min(code, 0x10_ffff));
  return code > 0 && code <= 0x10_ffff && char.isWellFormed() ? char : "\ufffd";
}
