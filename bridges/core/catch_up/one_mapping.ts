import { positionAt, timeAt } from "../../../convex/model/shared/positions.ts";
import type {
  BridgeEvent,
  DeleteEvent,
  Health,
  History,
  HistoryPage,
  Mapping,
  Outcome,
  PlatformName,
  Problem,
  Standing,
  ThreadRef,
} from "../../platform.ts";
import type { Advance, Cursor, Standings, StandingQuestion } from "../convex/backend.ts";
import { pause } from "../shared/backoff.ts";
import { BridgeError, NotTaken, PlatformError } from "../shared/errors.ts";

const DAY_MS = 24 * 60 * 60_000;

/** How far before the cursor edits and deletes are looked for, in ms. */
const LOOK_BACK_MS = DAY_MS;
/** In threads that Convex knows and the channel's recent history doesn't show: active for so long, in ms. */
export const THREAD_WINDOW_MS = 7 * DAY_MS;
/** Between offers of an event to a queue that is full, in ms. */
const FULL_MS = 250;

export interface RecoverOptions {
  readonly platform: PlatformName;
  readonly history: History;
  standing(question: StandingQuestion): Promise<Standings>;
  offer(event: BridgeEvent): Promise<Outcome> | NotTaken;
  committed(advance: Advance): void;
  problem(problem: Problem): unknown;
  /** Where the cursor may be at the most once everything that stands now is committed. */
  readonly latest: string;
  /** ms since 1970. */
  readonly now: number;
  /** When it was last known that something may have been missed (`performance.now()`). */
  readonly brokenAt: number;
  readonly signal: AbortSignal;
}

/** What a catch-up came to. */
export interface Recovered {
  readonly recovered: number;
  readonly missed?: string;
  /** See `News.trouble`. */
  readonly trouble?: NonNullable<Health["trouble"]>;
}

/**
 * Brings one mapping up to what stands on the platform now: what was said after the cursor, oldest first, and what
 * was edited or deleted among the messages Convex knows. The cursor follows page by page, so that a process killed in
 * the middle loses nothing but its work [A3]. Rejects with `PlatformError` when the platform doesn't tell.
 */
export async function recover(
  mapping: Mapping,
  cursor: Cursor,
  options: RecoverOptions,
): Promise<Recovered> {
  return await new Recovery(mapping, cursor, options).run();
}

class Recovery {
  #recovered = 0;
  /** Not a forum: the channel itself takes messages. */
  #hasChannel = true;

  constructor(
    private readonly mapping: Mapping,
    private readonly cursor: Cursor,
    private readonly options: RecoverOptions,
  ) {}

  async run(): Promise<Recovered> {
    const { mapping, cursor, options } = this;
    const { platform, history, signal, now } = options;
    const { mappingId, since } = mapping;
    if (cursor.history !== undefined) await this.#takeAlong(cursor.history);
    // Asked before anything is fetched: a row stored later was not there to be compared [A7].
    const known = await options.standing({
      mappingId,
      after: positionAt(platform, Math.max(0, timeAt(platform, cursor.upTo) - LOOK_BACK_MS)),
      rootsBefore: positionAt(platform, now - THREAD_WINDOW_MS),
      activeSince: now - THREAD_WINDOW_MS,
    });
    const news = await history.news(mapping, cursor.upTo, signal, options.brokenAt);
    this.#hasChannel = news.channel !== "none";
    const rows = groupByThread(known.rows, this.#hasChannel);
    const threads = new Map<string, ThreadRef>(
      [...rows.keys(), ...(platform === "slack" ? known.threads : [])].flatMap((id) =>
        id === undefined ? [] : [[id, { id }]],
      ),
    );
    for (const thread of news.threads) threads.set(thread.id, thread);

    // Threads before the channel: the channel's pages move the cursor, and nothing in a thread may be left behind it.
    for (const thread of threads.values()) await this.#thread(thread, rows.get(thread.id) ?? []);
    const inChannel = rows.get(undefined) ?? [];
    if (news.channel === "news" || inChannel.length > 0) {
      await this.#conversation(undefined, inChannel, (upTo) => {
        if (upTo <= options.latest) options.committed({ mappingId, since, upTo });
      });
    }
    const result = {
      recovered: this.#recovered,
      ...(news.missed === undefined ? {} : { missed: news.missed }),
    };
    const upTo = options.latest > cursor.upTo ? options.latest : cursor.upTo;
    options.committed({ mappingId, since, upTo, caughtUp: result });
    return { ...result, ...(news.trouble === undefined ? {} : { trouble: news.trouble }) };
  }

  /** Messages from before the mapping that an admin asked for. They ask nothing, however they were edited. */
  async #takeAlong(count: number): Promise<void> {
    const { mapping, options } = this;
    const page = await options.history.newest(mapping, count, options.signal, options.brokenAt);
    const before = page.events.filter((event) => event.position < mapping.since);
    await this.#push(before.map((event) => ({ ...event, backfilled: true })));
  }

  /** A thread that can't be read holds up neither the others nor the channel. */
  async #thread(thread: ThreadRef, rows: readonly Standing[]): Promise<void> {
    try {
      await this.#conversation(thread, rows, () => undefined);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.retryable || error.mapping) throw error;
      this.options.problem({
        mappingId: this.mapping.mappingId,
        kind: "thread_unreadable",
        externalId: thread.id,
        reason: `what was said in this thread during a gap can't be read: ${error.message}`,
      });
    }
  }

  async #conversation(
    thread: ThreadRef | undefined,
    rows: readonly Standing[],
    committedUpTo: (upTo: string) => void,
  ): Promise<void> {
    const { mapping, cursor, options } = this;
    const known = new Map(rows.map((row) => [row.externalId, row]));
    const seen = new Set<string>();
    const pages = options.history.read(mapping, thread, this.#start(rows), options.signal);
    for await (const page of pages) {
      if (page === "gone") {
        if (thread !== undefined) await this.#push(this.#deletesOf(thread, rows));
        return;
      }
      for (const id of page.ids) seen.add(id);
      await this.#push(page.events.filter((event) => isNews(event, known, cursor.upTo)));
      if (page.upTo > cursor.upTo) committedUpTo(page.upTo);
    }
    // Read to its end without an error, so what is not there is gone, or was out of sight: asked one by one.
    for (const { externalId } of rows) {
      if (seen.has(externalId)) continue;
      if (await options.history.stands(mapping, thread?.id, externalId, options.signal)) continue;
      await this.#push([{ type: "delete", mappingId: mapping.mappingId, externalId }]);
    }
  }

  /** The thread's id is also that of the message it hangs on, which goes with it only where it stands in the thread. */
  #deletesOf(thread: ThreadRef, rows: readonly Standing[]): DeleteEvent[] {
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

  /** From the cursor, or from before the oldest row to compare. */
  #start(rows: readonly Standing[]): string {
    const { platform } = this.options;
    const oldest = Math.min(...rows.map(({ externalId }) => timeAt(platform, externalId)));
    if (!Number.isFinite(oldest)) return this.cursor.upTo;
    const before = positionAt(platform, Math.max(0, oldest - 1));
    return before < this.cursor.upTo ? before : this.cursor.upTo;
  }

  /** Commits events in order. Waits for room: they are safe where they come from. */
  async #push(events: readonly BridgeEvent[]): Promise<void> {
    const { signal } = this.options;
    const outcomes: Promise<Outcome>[] = [];
    for (const event of events) {
      let taken = this.options.offer(event);
      while (taken instanceof NotTaken) {
        if (taken.why === "stopping") throw taken;
        await pause(FULL_MS, signal);
        if (signal.aborted) throw new BridgeError("STOPPED", "stopped while catching up");
        taken = this.options.offer(event);
      }
      outcomes.push(taken);
    }
    for (const outcome of await Promise.all(outcomes)) {
      // Paused meanwhile: the cursor must not move over what was not stored.
      if (outcome === "inactive") throw new BridgeError("INACTIVE", "the mapping is not active");
      if (outcome !== "known" && outcome !== "ignored") this.#recovered += 1;
    }
  }
}

/**
 * What is after the cursor, and edits of what is before it. A message before the cursor that Convex doesn't have was
 * left out on purpose (purged, or from while the channel was not mapped).
 */
function isNews(
  event: HistoryPage["events"][number],
  known: ReadonlyMap<string, Standing>,
  upTo: string,
): boolean {
  const row = known.get(event.externalId);
  if (row === undefined) return event.position > upTo;
  return event.editedAt !== undefined && event.editedAt > (row.editedAt ?? 0);
}

/**
 * By the thread in which a row stands. A question answered in its own thread is the root of that conversation and
 * stands in the channel, except in a forum, where a post is the first message of its thread.
 */
function groupByThread(
  rows: readonly Standing[],
  hasChannel: boolean,
): Map<string | undefined, Standing[]> {
  const groups = new Map<string | undefined, Standing[]>();
  for (const row of rows) {
    const key = hasChannel && row.threadId === row.externalId ? undefined : row.threadId;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
