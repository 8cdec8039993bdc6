import { positionAt, timeAt } from "../../../convex/model/shared/positions.ts";
import type {
  BridgeEvent,
  DeleteEvent,
  History,
  HistoryPage,
  Mapping,
  MessageEvent,
  Outcome,
  PlatformName,
  ReactionsEvent,
  SnapshotRow,
  ThreadRef,
  Trouble,
} from "../../platform.ts";
import type { Cursor, IngestBackend, Snapshot } from "../convex/backend.ts";
import type { CursorTracker } from "../ingest/cursor_tracker.ts";
import type { BridgeIntake } from "../ingest/intake.ts";
import { pause } from "../shared/backoff.ts";
import { BridgeError, NotTaken, PlatformError } from "../shared/errors.ts";
import { LOOK_BACK_MS, THREAD_WINDOW_MS } from "./windows.ts";

/** Between offers of an event to a full queue, in ms. */
const FULL_MS = 250;

/** What a catch-up says of the limits of a snapshot (`convex/model/ingest/snapshot.ts`). */
const BEYOND: Record<NonNullable<Snapshot["beyond"]>[number], string> = {
  messages: "edits and deletes were looked for only among its newest 200 messages",
  threads: "of the older threads that were active in the last week, only 50 were read",
};

export interface MappingCatchUpOptions {
  readonly platform: PlatformName;
  readonly history: History;
  readonly backend: Pick<IngestBackend, "snapshot">;
  readonly intake: Pick<BridgeIntake, "offer" | "problem">;
  readonly cursors: CursorTracker;
  /** ms since 1970. */
  readonly now: number;
  /** When the mapping last may have missed an event (`performance.now()`). */
  readonly gapAt: number;
  readonly signal: AbortSignal;
}

export interface CatchUpResult {
  /** Events that changed something in Convex. */
  readonly recovered: number;
  /** What could not be read, in words for an admin. */
  readonly missed?: string;
  /** See `ChannelActivity.trouble`. */
  readonly trouble?: Trouble;
}

/**
 * Brings one mapping up to date with the platform: what was posted after the cursor, oldest first, and what was edited or
 * deleted among the messages that Convex has. The cursor follows page by page, so a process that dies in between loses
 * no message (docs/races.md#a-crash-during-catch-up).
 */
export class MappingCatchUp {
  #recovered = 0;
  /** False for a forum: the channel itself takes no messages. */
  #hasChannel = true;

  constructor(
    private readonly mapping: Mapping,
    private readonly cursor: Cursor,
    private readonly options: MappingCatchUpOptions,
  ) {}

  /** Call once. Rejects with `PlatformError` if the platform can't be read. */
  async run(): Promise<CatchUpResult> {
    const { mapping, cursor, options } = this;
    const { history, signal, gapAt } = options;
    const progress = options.cursors.catchUp(mapping, cursor.upTo);
    if (cursor.history !== undefined) await this.#backfill(cursor.history);
    // Before anything is read: a row stored later would look deleted (docs/races.md#a-comparison-deletes-too-much).
    const stored = await this.#snapshot();
    const activity = await history.activity(mapping, cursor.upTo, signal, gapAt);
    this.#hasChannel = activity.channel !== "none";
    const rows = groupByThread(stored.rows, this.#hasChannel);
    const threads = this.#threads(rows.keys(), stored.threads, activity.threads);

    // Threads first: the channel's pages move the cursor, and it must not pass a message in a thread.
    for (const thread of threads) await this.#thread(thread, rows.get(thread.id) ?? []);
    const inChannel = rows.get(undefined) ?? [];
    if (activity.channel === "active" || inChannel.length > 0) {
      await this.#conversation(undefined, inChannel, (upTo) => progress.committed(upTo));
    }
    const { trouble } = activity;
    const limits = (stored.beyond ?? []).map((what) => BEYOND[what]);
    const missed = [...(activity.missed === undefined ? [] : [activity.missed]), ...limits];
    const result = {
      recovered: this.#recovered,
      ...(missed.length > 0 && { missed: missed.join("; ") }),
    };
    progress.finished(result);
    return { ...result, ...(trouble && { trouble }) };
  }

  #snapshot(): Promise<Snapshot> {
    const { platform, now } = this.options;
    const lookBack = Math.max(0, timeAt(platform, this.cursor.upTo) - LOOK_BACK_MS);
    return this.options.backend.snapshot({
      mappingId: this.mapping.mappingId,
      after: positionAt(platform, lookBack),
      rootsBefore: positionAt(platform, now - THREAD_WINDOW_MS),
      activeSince: now - THREAD_WINDOW_MS,
    });
  }

  /** Slack can't list active threads, so Convex names those it has (docs/races.md#replies-in-old-threads). */
  #threads(
    inRows: Iterable<string | undefined>,
    stored: readonly string[],
    active: readonly ThreadRef[],
  ): Iterable<ThreadRef> {
    const ids = [...inRows, ...(this.options.platform === "slack" ? stored : [])];
    const threads = new Map<string, ThreadRef>();
    for (const id of ids) if (id !== undefined) threads.set(id, { id });
    for (const thread of active) threads.set(thread.id, thread);
    return threads.values();
  }

  /** Stores messages from before the mapping, as many as the admin chose. They trigger no reply, even if edited since. */
  async #backfill(count: number): Promise<void> {
    const { mapping, options } = this;
    const page = await options.history.newest(mapping, count, options.signal, options.gapAt);
    const before = page.events.filter((event) => event.position < mapping.since);
    await this.#push([
      ...before.map((event) => ({ ...event, backfilled: true as const })),
      ...reactionsTo(page, before),
    ]);
  }

  /** A thread that can't be read stops neither the other threads nor the channel. */
  async #thread(thread: ThreadRef, rows: readonly SnapshotRow[]): Promise<void> {
    try {
      await this.#conversation(thread, rows, () => undefined);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.retryable || error.mapping) throw error;
      void this.options.intake.problem({
        mappingId: this.mapping.mappingId,
        kind: "thread_unreadable",
        externalId: thread.id,
        reason: `messages of this thread from a gap can't be read: ${error.message}`,
      });
    }
  }

  async #conversation(
    thread: ThreadRef | undefined,
    rows: readonly SnapshotRow[],
    onCommitted: (upTo: string) => void,
  ): Promise<void> {
    const { mapping, cursor, options } = this;
    const stored = new Map(rows.map((row) => [row.externalId, row]));
    const seen = new Set<string>();
    const pages = options.history.read(mapping, thread, this.#start(rows), options.signal);
    for await (const page of pages) {
      if (page === "gone") {
        if (thread !== undefined) await this.#push(this.#deletesOf(thread, rows));
        return;
      }
      for (const id of page.ids) seen.add(id);
      const newer = page.events.filter((event) => isNewer(event, stored, cursor.upTo));
      await this.#push([...newer, ...reactionsTo(page, newer, stored)]);
      if (page.upTo > cursor.upTo) onCommitted(page.upTo);
    }
    // Read to the end without an error: a row that was not seen is deleted, or only hidden, so each is checked.
    for (const { externalId } of rows) {
      if (seen.has(externalId)) continue;
      if (await options.history.exists(mapping, thread?.id, externalId, options.signal)) continue;
      await this.#push([{ type: "delete", mappingId: mapping.mappingId, externalId }]);
    }
  }

  /** A thread's id is also the id of its root message. The root is deleted too only where it is inside the thread. */
  #deletesOf(thread: ThreadRef, rows: readonly SnapshotRow[]): DeleteEvent[] {
    const { mappingId } = this.mapping;
    const inThread = rows.map(({ externalId }) => externalId);
    const messages = this.#hasChannel ? inThread : [thread.id, ...inThread];
    return [
      { type: "delete", mappingId, externalId: thread.id, thread: true },
      ...[...new Set(messages)].map((externalId): DeleteEvent => ({
        type: "delete",
        mappingId,
        externalId,
      })),
    ];
  }

  /** Where reading starts: at the cursor, or before the oldest row to compare. */
  #start(rows: readonly SnapshotRow[]): string {
    const { platform } = this.options;
    const oldest = Math.min(...rows.map(({ externalId }) => timeAt(platform, externalId)));
    if (!Number.isFinite(oldest)) return this.cursor.upTo;
    const before = positionAt(platform, Math.max(0, oldest - 1));
    return before < this.cursor.upTo ? before : this.cursor.upTo;
  }

  /**
   * Commits events in order. Waits for room in the queue: until then the platform still has them. Offers without a pause
   * in between, so that the events of a page go to Convex in one batch.
   */
  async #push(events: readonly BridgeEvent[]): Promise<void> {
    const outcomes: Promise<Outcome>[] = [];
    for (const event of events) {
      let taken = this.options.intake.offer(event);
      while (taken instanceof NotTaken) {
        await this.#waitForRoom(taken);
        taken = this.options.intake.offer(event);
      }
      outcomes.push(taken);
    }
    for (const outcome of await Promise.all(outcomes)) {
      // Paused meanwhile: the cursor must not pass what was not stored.
      if (outcome === "inactive") throw new BridgeError("INACTIVE", "the mapping is not active");
      if (!["known", "ignored", "reacted"].includes(outcome)) this.#recovered += 1;
    }
  }

  async #waitForRoom(refused: NotTaken): Promise<void> {
    if (refused.why === "stopping") throw refused;
    const { signal } = this.options;
    await pause(FULL_MS, signal);
    if (signal.aborted) throw new BridgeError("STOPPED", "stopped while catching up");
  }
}

/**
 * Whether an event is after the cursor, or edits a message before it. A message before the cursor that Convex does not
 * have was left out on purpose: purged, or from a time when the channel was not mapped. One that lacks files is known, and
 * its files are fetched (docs/races.md#a-file-arrives-after-its-message).
 */
function isNewer(
  event: HistoryPage["events"][number],
  stored: ReadonlyMap<string, SnapshotRow>,
  upTo: string,
): boolean {
  const row = stored.get(event.externalId);
  if (row === undefined) return event.position > upTo;
  if (row.lacksFiles && event.attachments.length > 0) return true;
  return event.editedAt !== undefined && event.editedAt > (row.editedAt ?? 0);
}

/**
 * The reactions of a page to messages that Convex has, or is about to have: those there are, and that there are none any
 * more. Convex compares them: counts alone do not show that other people reacted.
 */
function reactionsTo(
  page: HistoryPage,
  newer: readonly MessageEvent[],
  stored: ReadonlyMap<string, SnapshotRow> = new Map(),
): ReactionsEvent[] {
  const ids = new Set(newer.map(({ externalId }) => externalId));
  return (page.reactions ?? []).filter(({ externalId, reactions }) => {
    const row = stored.get(externalId);
    if (reactions.length === 0) return row?.reacted === true;
    return row !== undefined || ids.has(externalId);
  });
}

/**
 * Rows by the thread that contains them. A question answered in its own thread is the root of that conversation and is
 * in the channel, except in a forum, where a post is the first message of its thread.
 */
function groupByThread(
  rows: readonly SnapshotRow[],
  hasChannel: boolean,
): Map<string | undefined, SnapshotRow[]> {
  const groups = new Map<string | undefined, SnapshotRow[]>();
  for (const row of rows) {
    const key = hasChannel && row.threadId === row.externalId ? undefined : row.threadId;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
