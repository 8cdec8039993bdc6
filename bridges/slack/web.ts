import { type FetchFunction, WebClient, type WebClientOptions } from "@slack/web-api";
import type { Logger } from "pino";
import { z } from "zod";
import type { Backoff } from "../core/shared/backoff.ts";
import { explain, platformError } from "./sdk_errors.ts";
import { sdkLogger } from "./sdk_log.ts";

export interface SlackConfig {
  /** xoxb-…: reads and posts. */
  readonly botToken: string;
  /** xapp-…: opens sockets. */
  readonly appToken: string;
  /** Base URL of the Web API; Slack's own if absent. */
  readonly apiUrl?: string;
}

/** Waits between attempts while Slack is unavailable, in ms. */
export const OUTAGE_BACKOFF: Backoff = { first: 250, cap: 30_000 };

const TIMEOUT_MS = 10_000;

/** Used when a 429 has no Retry-After that lies ahead, in seconds. */
const RETRY_AFTER_S = 30;

/**
 * Options for every Web API client: one attempt per call. The client's own retries could post twice, and its own waiting
 * for rate limits would block everything else: docs/races.md#a-client-that-retries-by-itself. `signal` ends requests early. `onSend` is called
 * when a request is handed to the network.
 */
export function webOptions(
  config: SlackConfig,
  signal?: AbortSignal,
  onSend?: () => void,
): WebClientOptions {
  const once: FetchFunction = async (url, init) => {
    const signals = [init?.signal, signal].filter((each) => each instanceof AbortSignal);
    // Throws for what no request can hold, before anything is sent. Never sent itself: a collected Request loses its
    // signal in Node 20, and the call would never end.
    const { url: address } = new Request(url, init);
    onSend?.();
    const response = await fetch(address, { ...init, signal: AbortSignal.any(signals) });
    const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
    if (response.status !== 429 || wait > 0) return response;
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

/** The client adds the answer's header `x-oauth-scopes`. */
const scopesForm = z.object({ response_metadata: z.object({ scopes: z.array(z.string()) }) });

/** Slack's Web API with the bot token. One attempt per call; every failure is a `PlatformError`. */
export class SlackApi {
  /** What the bot token may do, as the latest answer says. */
  #scopes: readonly string[] | undefined;

  constructor(
    private readonly config: SlackConfig,
    private readonly log: Logger,
  ) {}

  /** Calls any method. The answer has the form that Slack documents for it; callers parse what they need. */
  call(method: string, params: Record<string, unknown>, signal?: AbortSignal) {
    return this.request((web) => web.apiCall(method, params), signal);
  }

  /** Whether the bot token is known to lack a scope. */
  lacks(scope: string): boolean {
    return this.#scopes !== undefined && !this.#scopes.includes(scope);
  }

  /** Calls a method through the client's own types. */
  async request<T>(send: (web: WebClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    // A client is cheap, and its signal is fixed when it is made.
    const attempt = { isSent: false };
    const onSend = () => (attempt.isSent = true);
    const options = { ...webOptions(this.config, signal, onSend), logger: sdkLogger(this.log) };
    try {
      const answer = await send(new WebClient(this.config.botToken, options));
      this.#scopes = scopesForm.safeParse(answer).data?.response_metadata.scopes ?? this.#scopes;
      return answer;
    } catch (error) {
      throw attempt.isSent ? explain(error) : platformError("not_sent");
    }
  }
}
