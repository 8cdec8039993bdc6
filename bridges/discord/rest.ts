import { AsyncLocalStorage } from "node:async_hooks";
import { DefaultRestOptions, REST } from "@discordjs/rest";
import { z } from "zod";

export interface RestConfig {
  readonly botToken: string;
  /** Base URL of the API without the version. Default: `https://discord.com/api`. */
  readonly apiUrl?: string;
  /** The shards that this process takes. Default: all that Discord recommends. */
  readonly shards?: ShardRange;
}

/** Shards `first` to `last` of `count`. */
export interface ShardRange {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** Deadline of one request, in ms. Posts have a deadline of their own, longer where files go along. */
const TIMEOUT_MS = 10_000;
const POST_TIMEOUT_MS = 30_000;
/**
 * A longer rate limit, in ms, is left to the outbox, which can post elsewhere meanwhile.
 * docs/races.md#a-client-that-retries-by-itself
 */
const MAX_LIMIT_MS = 3_000;

/** The longest wait that Discord is granted, in seconds. */
const LONGEST_WAIT_S = 60 * 60;

/**
 * Sends a request. The library waits as long as an answer says, which may be a year, and asks again at once where the
 * time is no number or past: both are bounded here.
 */
const send: typeof DefaultRestOptions.makeRequest = async (url, init) => {
  const response = await DefaultRestOptions.makeRequest(url, await withBytes(init));
  const { headers, status } = response;
  for (const name of ["retry-after", "x-ratelimit-reset-after"]) {
    const given = headers.get(name);
    if (given === null && (status !== 429 || name !== "retry-after")) continue;
    const seconds = Number(given);
    if (!(seconds > 0)) headers.set(name, "1");
    else if (seconds > LONGEST_WAIT_S) headers.set(name, String(LONGEST_WAIT_S));
  }
  return response;
};

/**
 * A request whose form is bytes. The library hands forms to whichever version of undici was loaded first in the process, and
 * that refuses those of another version.
 */
async function withBytes<Init extends { body?: unknown; headers?: unknown }>(init: Init) {
  if (!(init.body instanceof FormData)) return init;
  const form = new Response(init.body);
  const headers = new Headers(z.record(z.string(), z.string()).parse(init.headers));
  headers.set("content-type", form.headers.get("content-type") ?? "");
  const body = Buffer.from(await form.arrayBuffer());
  return { ...init, headers: Object.fromEntries(headers), body };
}

/** For reads: waits out rate limits and retries, because a repeated read does no harm. */
export function createReader(config: RestConfig): REST {
  const options = { timeout: TIMEOUT_MS, retries: 2, makeRequest: send };
  return new REST({ ...addressOf(config), ...options }).setToken(config.botToken);
}

/** Whether the current request was handed to the network, tracked through the library's queues. */
const current = new AsyncLocalStorage<{ sent: boolean }>();

/** For posts: one attempt, because a retry could post twice. */
export function createWriter(config: RestConfig): REST {
  return new REST({
    ...addressOf(config),
    timeout: POST_TIMEOUT_MS,
    retries: 0,
    // Only the last of these includes limits within a bucket.
    rejectOnRateLimit: ({ timeToReset, retryAfter, sublimitTimeout }) =>
      Math.max(timeToReset, retryAfter, sublimitTimeout) > MAX_LIMIT_MS,
    makeRequest: (url, init) => {
      const request = current.getStore();
      // If the deadline passed in the queue, the library still calls this, with an aborted signal.
      if (request !== undefined && init.signal?.aborted !== true) request.sent = true;
      return send(url, init);
    },
  }).setToken(config.botToken);
}

/** Runs one request of a writer. `failed` converts its error; `sent`: the request was handed to the network. */
export async function attempt<T>(
  run: () => Promise<T>,
  failed: (error: unknown, sent: boolean) => Error,
): Promise<T> {
  const request = { sent: false };
  try {
    return await current.run(request, run);
  } catch (error) {
    throw failed(error, request.sent);
  }
}

/** Where requests go, as options of the client library. */
function addressOf({ apiUrl }: RestConfig): { version: "10"; api?: string } {
  return { version: "10", ...(apiUrl === undefined ? {} : { api: apiUrl.replace(/\/+$/, "") }) };
}
