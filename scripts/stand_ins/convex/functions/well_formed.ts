/**
 * Parses JSON as Convex's backend does (serde_json): strings and keys with half of a surrogate pair are refused, although
 * `JSON.parse` accepts them. Throws `SyntaxError`.
 */
export function parseStrictly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isEscaped.test(text) && !isWellFormed(value)) throw new SyntaxError(LONE_SURROGATE);
  return value;
}

/** Whether the backend would parse this JSON. Much faster than parsing it, for nearly all texts. */
export function isStrictJson(text: string): boolean {
  return !isEscaped.test(text) || isWellFormed(JSON.parse(text));
}

/** Whether no string or key in a JSON or Convex value has half of a surrogate pair. */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, each]) => isWellFormed(key) && isWellFormed(each));
}

export const LONE_SURROGATE = "lone surrogate in a string";

/** An escaped surrogate; raw ones can't be in text that was decoded from UTF-8 or made by `JSON.stringify`. */
const isEscaped = /\\u[dD][89a-fA-F]/;
