import type { TransactionEnd } from "./engine.ts";
import type { Write } from "./read_set.ts";

/** How many commits are kept for comparison. Fewer mutations ever overlap. */
const KEPT = 1_000;

/** A mutation that read what another one wrote while it waited. On Convex it would have been retried. */
export interface Conflict {
  /** The mutation that would be retried. */
  readonly path: string;
  /** The mutation whose write it read. */
  readonly with: string;
  /** The table of the first conflicting write. */
  readonly table: string;
  readonly calls: number;
}

interface Commit {
  readonly path: string;
  readonly ts: bigint;
  readonly writes: readonly Write[];
}

/**
 * Counts the write conflicts that mutations would have on Convex. The local deployment runs them one after another, so
 * there are none. For mutations that overlap in time, their read and write ranges show where one would occur.
 */
export class ConflictCounter {
  readonly #commits: Commit[] = [];
  readonly #counts = new Map<string, Conflict>();
  /** Mutations during which another one committed. */
  #overlapping = 0;
  #mutations = 0;

  committed(path: string, { since, ts, reads, writes }: TransactionEnd): void {
    this.#mutations += 1;
    const meanwhile = this.#commits.filter((commit) => commit.ts > since);
    if (meanwhile.length > 0) this.#overlapping += 1;
    for (const other of meanwhile) {
      const write = reads.firstChanged(other.writes);
      if (write === undefined) continue;
      this.#count(
        path,
        other.path,
        write.component === "" ? write.table : `${write.component}/${write.table}`,
      );
      break;
    }
    this.#commits.push({ path, ts, writes });
    if (this.#commits.length > KEPT) this.#commits.shift();
  }

  reset(): void {
    this.#counts.clear();
    this.#overlapping = 0;
    this.#mutations = 0;
  }

  /** Mutations that wrote something. */
  get mutations(): number {
    return this.#mutations;
  }

  get overlapping(): number {
    return this.#overlapping;
  }

  list(): Conflict[] {
    return [...this.#counts.values()];
  }

  #count(path: string, other: string, table: string): void {
    const key = `${path} ${other} ${table}`;
    const calls = (this.#counts.get(key)?.calls ?? 0) + 1;
    this.#counts.set(key, { path, with: other, table, calls });
  }
}
