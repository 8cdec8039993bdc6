import { type FetchFunction, WebClient, type WebClientOptions } from "@slack/web-api";
import type { Logger } from "pino";
import type { Backoff } from "../core/shared/backoff.ts";
import { sdkLogger } from "./sdk_log.ts";

export interface SlackConfig {
  /** xoxb-…: reads and posts. */
  readonly botToken: string;
  /** xapp-…: opens sockets. */
  readonly appToken: string;
  /** Where the Web API is; Slack's own if absent. */
  readonly apiUrl?: string;
}

/** How long to wait between tries while Slack is away, in ms. */
export const AWAY: Backoff = { first: 250, cap: 30_000 };

const TIMEOUT_MS = 10_000;

/** Where Slack gives no time to wait with a 429, this many seconds. */
const RETRY_AFTER_S = 30;

/**
 * Options for any Web API client: one attempt each. The client's own retries would repeat a post that may have
 * landed, and its own waiting for rate limits would hold up everything else. `signal` ends requests early.
 */
export function webOptions(config: SlackConfig, signal?: AbortSignal): WebClientOptions {
  const once: FetchFunction = async (url, init) => {
    const signals = [init?.signal, signal].filter((each) => each instanceof AbortSignal);
    const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
    const wait = response.headers.get("retry-after");
    if (response.status !== 429 || (wait !== null && !Number.isNaN(Number.parseInt(wait, 10))))
      return response;
    return new Response(null, { status: 429, headers: { "retry-after": `${RETRY_AFTER_S}` } });
  };
  return {
    ...(config.apiUrl === undefined ? {} : { slackApiUrl: config.apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: TIMEOUT_MS,
    fetch: once,
  };
}

/** A Web API client with the bot's token. Cheap: made per request where the request has a signal of its own. */
export function createWebClient(config: SlackConfig, log: Logger, signal?: AbortSignal): WebClient {
  return new WebClient(config.botToken, { ...webOptions(config, signal), logger: sdkLogger(log) });
}
