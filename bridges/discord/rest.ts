import { AsyncLocalStorage } from "node:async_hooks";
import { DefaultRestOptions, REST } from "@discordjs/rest";

export interface RestConfig {
  readonly botToken: string;
  /** Where Discord's API is, without the version: `https://discord.com/api`, the default. */
  readonly apiUrl?: string;
}

/** One request's deadline, ms. */
const TIMEOUT = 10_000;
/** A longer wait for a rate limit, ms, is left to the outbox, which knows what else could go meanwhile [C13]. */
const LONGEST_WAIT = 3_000;

/** For reading: waits for rate limits and tries again, since a read repeated does no harm. */
export function createReader(config: RestConfig): REST {
  return new REST({ ...address(config), timeout: TIMEOUT, retries: 2 }).setToken(config.botToken);
}

/** Whether a request was handed to the network. Follows the call through the library's queues. */
const wire = new AsyncLocalStorage<{ sent: boolean }>();

/** For posting: one attempt, because a second one could post twice. */
export function createWriter(config: RestConfig): REST {
  return new REST({
    ...address(config),
    timeout: TIMEOUT,
    retries: 0,
    // A limit within a bucket shows only in the last of these.
    rejectOnRateLimit: ({ timeToReset, retryAfter, sublimitTimeout }) =>
      Math.max(timeToReset, retryAfter, sublimitTimeout) > LONGEST_WAIT,
    makeRequest: (url, init) => {
      const request = wire.getStore();
      // After a deadline that passed in the queue the library still calls, with an aborted signal.
      if (request !== undefined && init.signal?.aborted !== true) request.sent = true;
      return DefaultRestOptions.makeRequest(url, init);
    },
  }).setToken(config.botToken);
}

/** Runs one request of a writer. `failed` turns its error into one that knows whether it left this process. */
export async function attempt<T>(
  run: () => Promise<T>,
  failed: (error: unknown, sent: boolean) => Error,
): Promise<T> {
  const request = { sent: false };
  try {
    return await wire.run(request, run);
  } catch (error) {
    throw failed(error, request.sent);
  }
}

function address({ apiUrl }: RestConfig): { version: "10"; api?: string } {
  return { version: "10", ...(apiUrl === undefined ? {} : { api: apiUrl.replace(/\/+$/, "") }) };
}
