/**
 * Parses JSON as Convex's backend does (serde_json): strings and keys with half of a surrogate pair are refused, although
 * `JSON.parse` accepts them. Throws `SyntaxError`.
 */
export function parseStrictly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isEscaped.test(text) && !isWellFormed(value))
    throw new SyntaxError("lone surrogate in a string");
  return value;
}

/** An escaped surrogate; raw ones can't be in text that was decoded from UTF-8. */
const isEscaped = /\\u[dD][89a-fA-F]/;

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, each]) => isWellFormed(key) && isWellFormed(each));
}
