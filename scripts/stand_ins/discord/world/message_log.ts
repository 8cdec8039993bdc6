import { compareIds } from "./snowflakes.ts";

/** Which page of a channel's history to return. Without `before`, `after` or `around`: the newest. */
export type Point =
  | { readonly kind: "newest" }
  | { readonly kind: "before" | "after" | "around"; readonly id: string };

/** The messages of one channel or thread, by id. */
export class MessageLog<T extends { readonly id: string }> {
  readonly #sorted: T[] = [];
  readonly #byId = new Map<string, T>();

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  /** Adds a message. Its id must be greater than all others. */
  append(message: T): void {
    this.#sorted.push(message);
    this.#byId.set(message.id, message);
  }

  remove(id: string): void {
    if (this.#byId.delete(id)) this.#sorted.splice(this.#indexFrom(id), 1);
  }

  get size(): number {
    return this.#sorted.length;
  }

  get newest(): T | undefined {
    return this.#sorted.at(-1);
  }

  oldestFirst(): readonly T[] {
    return this.#sorted;
  }

  /** A page, always newest first, as `GET channels/:id/messages` returns it. */
  page(point: Point, limit: number): T[] {
    const [start, end] = this.#range(point, limit);
    return this.#sorted.slice(start, end).reverse();
  }

  #range(point: Point, limit: number): [start: number, end: number] {
    switch (point.kind) {
      case "newest":
        return [Math.max(0, this.size - limit), this.size];
      case "before": {
        const end = this.#indexFrom(point.id);
        return [Math.max(0, end - limit), end];
      }
      case "after": {
        const at = this.#indexFrom(point.id);
        const start = this.#sorted[at]?.id === point.id ? at + 1 : at;
        return [start, start + limit];
      }
      case "around": {
        const start = Math.max(0, this.#indexFrom(point.id) - Math.floor(limit / 2));
        return [start, start + limit];
      }
    }
  }

  /** Index of the first message whose id is not less than this one. */
  #indexFrom(id: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const candidate = this.#sorted[middle];
      if (candidate && compareIds(candidate.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
