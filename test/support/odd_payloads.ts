/* Every value of a payload in turn made odd: null, absent, of another type, doubled, a megabyte. */

export interface Odd {
  /** What was done, and to which value: `null: event.user`. */
  readonly what: string;
  /** The keys that lead to the value, without the indexes of lists. */
  readonly keys: readonly string[];
  readonly payload: unknown;
}

type Path = readonly string[];
type Change = (parent: object, key: string) => void;

const CHANGES: Readonly<Record<string, Change>> = {
  null: (parent, key) => Reflect.set(parent, key, null),
  absent: (parent, key) => Reflect.deleteProperty(parent, key),
  "a number": (parent, key) => Reflect.set(parent, key, 1e308),
  "a text": (parent, key) => Reflect.set(parent, key, "odd"),
  empty: (parent, key) => Reflect.set(parent, key, ""),
  "a list": (parent, key) => Reflect.set(parent, key, [null, 1, "odd", [], {}]),
  "an object": (parent, key) => Reflect.set(parent, key, { odd: true }),
  doubled: (parent, key) => {
    const value: unknown = Reflect.get(parent, key);
    Reflect.set(parent, key, [value, value]);
  },
};

const HUGE = "x".repeat(1_000_000);

/** `huge` remembers, over several payloads, which keys were a megabyte already: once is enough. */
export function* oddPayloads(payload: unknown, huge: Set<string>): Generator<Odd> {
  for (const path of pathsOf(payload)) {
    const keys = path.filter((key) => !/^\d+$/.test(key));
    const name = path.join(".");
    for (const [what, change] of Object.entries(CHANGES))
      yield { what: `${what}: ${name}`, keys, payload: changed(payload, path, change) };
    if (huge.has(keys.join("."))) continue;
    huge.add(keys.join("."));
    const set: Change = (parent, key) => Reflect.set(parent, key, HUGE);
    yield { what: `a megabyte: ${name}`, keys, payload: changed(payload, path, set) };
  }
}

/** The path of each value inside, the containers among them. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  const inside =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))
      : [];
  return path.length === 0 ? inside : [path, ...inside];
}

/** A copy in which `change` has been applied to the object that holds the path's last key. */
function changed(payload: unknown, path: Path, change: Change): unknown {
  const copy: unknown = structuredClone(payload);
  let parent: unknown = copy;
  for (const key of path.slice(0, -1)) parent = Reflect.get(asObject(parent), key);
  change(asObject(parent), path.at(-1) ?? "");
  return copy;
}

function asObject(value: unknown): object {
  if (typeof value === "object" && value !== null) return value;
  throw new Error("there is nothing at this path");
}

/** What answers hold that are no answer at all: the body of each. */
export const JUNK: readonly string[] = [
  ...["", "null", "[]", "7", '"text"', "{}", "{", "<html>busy</html>", HUGE],
  ...['{"ok":false}', '{"ok":false,"error":null}', '{"ok":false,"error":7}', '{"ok":"yes"}'],
  ...['{"code":null,"message":null}', '{"code":{},"errors":[]}', `{"error":"${HUGE}"}`],
];

/** Forms of Retry-After, in seconds or not. */
export const WAITS: readonly (string | undefined)[] = [
  ...["-5", "0", "soon", "31536000", "1e300", "Wed, 21 Oct 2026 07:28:00 GMT", undefined],
];
