import type { TransactionEnd } from "./engine.ts";
import type { Write } from "./read_set.ts";

/** Commits kept to compare with; more are never under way at once. */
const KEPT = 1_000;

/** A mutation read what another wrote while it waited for its turn: with its own turn at once, it would have run again. */
export interface Conflict {
  /** The one that would run again. */
  readonly path: string;
  /** The one whose write it read. */
  readonly with: string;
  /** Of the first thing written that was read. */
  readonly table: string;
  readonly calls: number;
}

interface Commit {
  readonly path: string;
  readonly ts: bigint;
  readonly writes: readonly Write[];
}

/**
 * Counts where mutations would conflict on the real thing. The local deployment carries them out one after another,
 * so none ever does; but those that were under way together overlap in time, and their read and write ranges tell.
 */
export class ConflictCounter {
  readonly #commits: Commit[] = [];
  readonly #counts = new Map<string, Conflict>();
  /** Mutations that were under way while another one committed. */
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
