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

  committed(path: string, { since, ts, reads, writes }: TransactionEnd): void {
    const meanwhile = this.#commits.filter((commit) => commit.ts > since);
    if (meanwhile.length > 0) this.#overlapping += 1;
    const other = meanwhile.find((commit) => reads.isChangedBy(commit.writes));
    if (other) this.#count(path, other.path);
    this.#commits.push({ path, ts, writes });
    if (this.#commits.length > KEPT) this.#commits.shift();
  }

  reset(): void {
    this.#counts.clear();
    this.#overlapping = 0;
  }

  get overlapping(): number {
    return this.#overlapping;
  }

  list(): Conflict[] {
    return [...this.#counts.values()];
  }

  #count(path: string, other: string): void {
    const key = `${path} ${other}`;
    this.#counts.set(key, { path, with: other, calls: (this.#counts.get(key)?.calls ?? 0) + 1 });
  }
}
