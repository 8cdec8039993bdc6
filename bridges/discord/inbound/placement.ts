import type { Intake } from "../../platform.ts";
import type { Place } from "./normalise.ts";
import type { Threads } from "./threads.ts";

/** Events that may wait at the same time for a look-up. */
const MAX_WAITING = 1_000;

type Handle = (place: Place) => void;

interface PlacementOptions {
  readonly intake: Pick<Intake, "mappingOf">;
  readonly threads: Threads;
  /** Events of the channel were dropped, because it is unknown where they belong. */
  readonly dropped: (channelId: string, reason: string) => void;
}

/**
 * Finds out which mapping and thread an event belongs to. Events of one channel are handled in their order, even if
 * they wait for a look-up; those of other channels do not wait for it.
 */
export class Placement {
  #isStopped = false;
  #waitingCount = 0;
  readonly #waiting = new Map<string, Handle[]>();

  constructor(private readonly options: PlacementOptions) {}

  stop(): void {
    this.#isStopped = true;
    this.#waiting.clear();
  }

  /** Calls `handle` with the channel's place: at once, after a look-up, or never where no mapping covers it. */
  place(channelId: string, handle: Handle): void {
    if (this.#isStopped) return;
    const waiting = this.#waiting.get(channelId);
    if (waiting === undefined && this.#handle(channelId, handle)) return;
    if (this.#waitingCount >= MAX_WAITING) {
      this.options.dropped(channelId, "too many events wait to learn which channel a thread is in");
      return;
    }
    this.#waitingCount++;
    if (waiting === undefined) this.#lookUp(channelId, [handle]);
    else waiting.push(handle);
  }

  /** False when it is unknown whether the channel is a thread of a mapped one. */
  #handle(channelId: string, handle: Handle): boolean {
    const direct = this.options.intake.mappingOf(channelId);
    if (direct !== undefined) {
      handle({ mappingId: direct.mappingId, since: direct.since });
      return true;
    }
    const channel = this.options.threads.get(channelId);
    if (channel?.kind === "thread") {
      const { parentId, name } = channel;
      const parent = this.options.intake.mappingOf(parentId);
      const threadName = name === undefined ? {} : { threadName: name };
      if (parent !== undefined)
        handle({
          mappingId: parent.mappingId,
          since: parent.since,
          threadId: channelId,
          ...threadName,
        });
    }
    return channel !== undefined;
  }

  #lookUp(channelId: string, handles: Handle[]): void {
    this.#waiting.set(channelId, handles);
    const flush = () => {
      this.#waiting.delete(channelId);
      this.#waitingCount -= handles.length;
      if (this.#isStopped) return;
      const handled = handles.map((handle) => this.#handle(channelId, handle));
      if (handled.includes(false))
        this.options.dropped(channelId, "Discord did not say which channel a thread is in");
    };
    // Also after a failed look-up: a dispatch may have named the channel meanwhile.
    this.options.threads.lookUp(channelId).then(flush, flush);
  }
}
