/** Control characters, and those that change the direction of text or break lines. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Replaces control characters: names and reasons come from the platforms and must neither control the terminal nor show
 * in another order than they are in.
 */
export function stripControls(text: string): string {
  return text.replaceAll(CONTROLS, " ");
}

/** The same for a text of several lines. */
export function stripLines(text: string): string {
  return text.split("\n").map(stripControls).join("\n");
}

/** JSON in which such characters are escaped, so that the data stays the same. */
export function toJson(data: unknown, space?: number): string {
  const json = JSON.stringify(data, undefined, space);
  return json.replaceAll(CONTROLS, (char) =>
    char === "\n" ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
