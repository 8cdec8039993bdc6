import type { Logger } from "pino";
import { isWanted } from "../../../convex/model/files/wanted.ts";
import type {
  BridgeEvent,
  FileRef,
  Mapping,
  MappingId,
  Outcome,
  Platform,
  Trouble,
} from "../../platform.ts";
import { type FilesBackend, idsOf } from "../convex/files_backend.ts";
import { type Backoff, backoffMs, pause } from "../shared/backoff.ts";
import { failureCode, PlatformError } from "../shared/errors.ts";
import { copyFile, NotAFile } from "./one_file.ts";

const FILE_LIMITS = {
  /** Files under way at the same time: each is in memory as a whole. */
  atOnce: 3,
  /** Files that wait. Beyond it the oldest is given up. */
  waiting: 200,
  /** Reports under way of files that are given up. Beyond it they are left for a catch-up to offer again. */
  reports: 20,
  attempts: 3,
  /** Of one attempt, in ms. */
  attemptMs: 60_000,
  retry: { first: 1_000, cap: 10_000 } satisfies Backoff,
  /** Files that are remembered, so that an edit of their message does not fetch them again. */
  settled: 5_000,
};
export type FileLimits = typeof FILE_LIMITS;

export interface FileFetcherOptions {
  readonly platform: Pick<Platform, "download">;
  readonly backend: FilesBackend;
  readonly log: Logger;
  /** No file of the mapping can be had until an admin acts. */
  readonly onTrouble: (mappingId: MappingId, trouble: Trouble) => void;
  readonly limits?: Partial<FileLimits>;
}

/**
 * Copies the files of stored messages into Convex, beside everything else: nothing waits for it here. What a stop or a kill
 * interrupts is fetched again where the next start's catch-up reads its message
 * (docs/races.md#a-file-arrives-after-its-message).
 */
export class FileFetcher {
  readonly #limits: FileLimits;
  readonly #stopping = new AbortController();
  readonly #mappings = new Map<MappingId, Mapping>();
  /** By key, the oldest first. */
  readonly #waiting = new Map<string, FileRef>();
  readonly #running = new Set<string>();
  readonly #settled = new Set<string>();
  /** Reports of files that are given up. */
  #reports = 0;

  constructor(private readonly options: FileFetcherOptions) {
    this.#limits = { ...FILE_LIMITS, ...options.limits };
  }

  setMappings(mappings: readonly Mapping[]): void {
    this.#mappings.clear();
    for (const mapping of mappings) this.#mappings.set(mapping.mappingId, mapping);
  }

  /**
   * Takes the files of a message that Convex has stored. Of a message that it knew already, the process that stored it
   * fetches them; in history (`isHistory`) that process may have been killed.
   */
  stored(event: BridgeEvent, outcome: Outcome, isHistory: boolean): void {
    if (event.type !== "message" || this.#stopping.signal.aborted) return;
    const isNew = outcome === "inserted" || outcome === "asked" || outcome === "edited";
    const mapping = this.#mappings.get(event.mappingId);
    if (mapping === undefined || !(isNew || (isHistory && outcome === "known"))) return;
    const { externalId, threadId } = event;
    for (const attachment of event.attachments) {
      const { id } = attachment;
      if (id === undefined || !isWanted(mapping.files, attachment)) continue;
      const place = threadId === undefined ? {} : { threadId };
      const file = { mapping, externalId, ...place, attachment: { ...attachment, id } };
      // Stored anew, as by a backfill after a purge: what was copied before is deleted.
      if (outcome !== "edited" && outcome !== "known") this.#settled.delete(keyOf(file));
      this.#add(file);
    }
  }

  /** Drops everything. */
  stop(): void {
    this.#stopping.abort();
    this.#waiting.clear();
  }

  #add(file: FileRef): void {
    const key = keyOf(file);
    if (this.#settled.has(key) || this.#running.has(key)) return;
    this.#waiting.set(key, file);
    for (const [oldest, dropped] of this.#waiting) {
      if (this.#waiting.size <= this.#limits.waiting) break;
      this.#waiting.delete(oldest);
      void this.#giveUp(dropped, "too_many");
    }
    this.#fill();
  }

  #fill(): void {
    for (const [key, file] of this.#waiting) {
      if (this.#running.size >= this.#limits.atOnce) return;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key, file);
    }
  }

  async #run(key: string, file: FileRef): Promise<void> {
    const isSettled = await this.#fetch(file);
    this.#running.delete(key);
    if (isSettled) this.#settled.add(key);
    const [oldest = ""] = this.#settled;
    if (this.#settled.size > this.#limits.settled) this.#settled.delete(oldest);
    this.#fill();
  }

  /** Returns whether Convex has the file, does not want it, or knows that it can't be had. */
  async #fetch(file: FileRef): Promise<boolean> {
    const { attempts, attemptMs, retry } = this.#limits;
    const stopping = this.#stopping.signal;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const outcome = await copyFile(file, this.options, this.#deadline());
        this.options.log.debug({ ...idsOf(file), outcome }, "a file is fetched");
        return true;
      } catch (error) {
        if (stopping.aborted) return false;
        const isFinal =
          error instanceof NotAFile || (error instanceof PlatformError && !error.retryable);
        if (isFinal || attempt >= attempts) {
          this.#reportTrouble(file, error);
          return await this.#giveUp(file, failureCode(error));
        }
        const asked = error instanceof PlatformError ? (error.retryAfterMs ?? 0) : 0;
        await pause(Math.min(Math.max(asked, backoffMs(attempt, retry)), attemptMs), stopping);
      }
    }
  }

  /** Of what begins now; the stop of the process comes first. */
  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#limits.attemptMs)]);
  }

  #reportTrouble({ mapping }: FileRef, error: unknown): void {
    if (!(error instanceof PlatformError) || !error.mapping) return;
    const { code, message: reason, step } = error;
    this.options.onTrouble(mapping.mappingId, {
      code,
      reason,
      ...(step !== undefined && { step }),
    });
  }

  /** Best effort: what waits for the file in Convex does not wait for long. Returns whether Convex knows. */
  async #giveUp(file: FileRef, code: string): Promise<boolean> {
    const { log, backend } = this.options;
    log.warn({ ...idsOf(file), code }, "a file cannot be fetched");
    if (this.#reports >= this.#limits.reports) return false;
    this.#reports += 1;
    try {
      await backend.unavailable(file, this.#deadline());
      return true;
    } catch (error) {
      log.warn({ ...idsOf(file), code: failureCode(error) }, "reporting a file failed");
      return false;
    } finally {
      this.#reports -= 1;
    }
  }
}

function keyOf(file: FileRef): string {
  return Object.values(idsOf(file)).join(" ");
}
