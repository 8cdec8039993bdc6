import type { History, Mapping, Trouble } from "../../platform.ts";
import { PlatformError } from "../shared/errors.ts";

/**
 * What a platform's events have reported about mapped channels. An event explains better than a refused request why a
 * channel can't be read, so its trouble is kept until the channel can be read again.
 */
export class ChannelTroubles {
  /** By channel id. */
  readonly #troubles = new Map<string, Trouble>();

  note(channel: string, trouble: Trouble): void {
    this.#troubles.set(channel, trouble);
  }

  clear(channel: string): void {
    this.#troubles.delete(channel);
  }

  has(channel: string): boolean {
    return this.#troubles.has(channel);
  }

  /** Throws the channel's trouble, if it has one, as a `PlatformError`. */
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
 * The same history, whose failures are replaced by what `check` throws. It is called after the failure, because the
 * event may arrive while history is read.
 */
export function withChannelTroubles(history: History, check: (mapping: Mapping) => void): History {
  const checked = async <T>(mapping: Mapping, answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      check(mapping);
      throw error;
    }
  };
  return {
    eventDelayMs: history.eventDelayMs,
    activity: (mapping, after, signal, asOf) =>
      checked(mapping, history.activity(mapping, after, signal, asOf)),
    async *read(mapping, thread, after, signal) {
      try {
        yield* history.read(mapping, thread, after, signal);
      } catch (error) {
        check(mapping);
        throw error;
      }
    },
    newest: (mapping, count, signal, asOf) =>
      checked(mapping, history.newest(mapping, count, signal, asOf)),
    exists: (mapping, threadId, externalId, signal) =>
      checked(mapping, history.exists(mapping, threadId, externalId, signal)),
  };
}
