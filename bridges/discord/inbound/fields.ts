/* Reading one field of a payload of which nothing is certain. */

/** Reads one value. Undefined for one that is absent or malformed. */
export type Read<T> = (value: unknown) => T | undefined;
export type Fields = Readonly<Record<string, unknown>>;

export const text: Read<string> = (value) => (typeof value === "string" ? value : undefined);
export const number: Read<number> = (value) => (Number.isFinite(value) ? Number(value) : undefined);
const isId = /^\d{1,20}$/;
export const id: Read<string> = (value) =>
  typeof value === "string" && isId.test(value) ? value : undefined;

/** What a message without an id is reported as. */
export const NO_ID = "without an id";

/** Whether it may be some id: a text that can be looked up and reported. */
export function isShort(value: unknown): value is string {
  return typeof value === "string" && value.length <= 100;
}

/** Every property of an object may be read. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fields(value: unknown): Fields | undefined {
  return isFields(value) ? value : undefined;
}

export function list<T>(value: unknown, read: Read<T>): T[] {
  const readable: T[] = [];
  if (!Array.isArray(value)) return readable;
  for (const item of value as readonly unknown[]) {
    const found = read(item);
    if (found !== undefined) readable.push(found);
  }
  return readable;
}
