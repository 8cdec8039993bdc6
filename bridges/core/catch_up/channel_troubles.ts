import type { History, Mapping, Trouble } from "../../platform.ts";
import { PlatformError } from "../shared/errors.ts";

/**
 * What a platform's events have told of mapped channels: they know better why a channel can't be read than a refused
 * request does, so what they told stands until the channel is there again.
 */
export class ChannelTroubles {
  /** By the channel's id. */
  readonly #troubles = new Map<string, Trouble>();

  note(channel: string, trouble: Trouble): void {
    this.#troubles.set(channel, trouble);
  }

  /** Whether there was one. */
  clear(channel: string): boolean {
    return this.#troubles.delete(channel);
  }

  has(channel: string): boolean {
    return this.#troubles.has(channel);
  }

  /** Throws what is known to be wrong with the channel. */
  check({ externalId }: Mapping): void {
    const trouble = this.#troubles.get(externalId);
    if (trouble === undefined) return;
    const { code, reason, step } = trouble;
    throw new PlatformError({
      code,
      reason,
      ...(step !== undefined && { step }),
      retryable: false,
      certain: true,
      mapping: true,
    });
  }
}

/**
 * A history whose failures are put down to what is known of the channel: `check` throws that. Asked after the failure,
 * because the news may come while history is read.
 */
export function withChannelTroubles(history: History, check: (mapping: Mapping) => void): History {
  const explained = async <T>(mapping: Mapping, asking: Promise<T>): Promise<T> => {
    try {
      return await asking;
    } catch (error) {
      check(mapping);
      throw error;
    }
  };
  return {
    eventDelayMs: history.eventDelayMs,
    activity: (mapping, after, signal, asOf) =>
      explained(mapping, history.activity(mapping, after, signal, asOf)),
    async *read(mapping, thread, after, signal) {
      try {
        yield* history.read(mapping, thread, after, signal);
      } catch (error) {
        check(mapping);
        throw error;
      }
    },
    newest: (mapping, count, signal, asOf) =>
      explained(mapping, history.newest(mapping, count, signal, asOf)),
    exists: (mapping, threadId, externalId, signal) =>
      explained(mapping, history.exists(mapping, threadId, externalId, signal)),
  };
}
