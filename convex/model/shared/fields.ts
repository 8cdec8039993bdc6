/* Reading what a service sent, of which nothing is certain. */

/** What is at a path of a value; undefined if there is nothing, or null. */
export function fieldAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of path)
    found = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
  return found ?? undefined;
}

/** The text at a path of a value; empty if there is none. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = fieldAt(value, ...path);
  return typeof found === "string" ? found : "";
}
