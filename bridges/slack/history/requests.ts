import { z } from "zod";
import { backoffMs, pause } from "../../core/shared/backoff.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import { lenient, shortName } from "../../core/shared/lenient.ts";
import { platformError } from "../sdk_errors.ts";
import { OUTAGE_BACKOFF, type SlackApi } from "../web.ts";

/** Messages per request: the maximum that Slack allows, because it limits the number of requests. Some apps get 15. */
const PAGE = 999;
/** Failures in a row, without rate limits, after which a request is given up. */
const MAX_FAILURES = 4;

/** Without a list of messages, an answer must not pass for an empty history. */
const messagesForm = z.object({
  messages: z.array(z.unknown()),
  response_metadata: lenient(z.object({ next_cursor: lenient(z.string()) })),
});

const channelForm = z.object({
  channel: z.object({
    name: lenient(shortName),
    is_archived: z.boolean().catch(false),
  }),
});

type Method = "conversations.history" | "conversations.replies" | "conversations.info";

/** Which messages to read: `oldest` and `latest` are exclusive unless `inclusive`. */
export interface Range {
  readonly oldest?: string;
  readonly latest?: string;
  readonly inclusive?: boolean;
}

/**
 * The requests of a catch-up. They wait out rate limits, however long, and retry a few failures:
 * docs/races.md#catch-up-meets-rate-limits. Every failure is a `PlatformError`.
 */
export class HistoryRequests {
  /** When a method may be called again (ms, monotonic): its limit is the app's, not the channel's. */
  readonly #notBefore = new Map<Method, number>();

  constructor(private readonly api: SlackApi) {}

  /** The messages of a channel, without replies in threads. Newest first, in pages. */
  channelPages(channel: string, range: Range, signal: AbortSignal): AsyncGenerator<unknown[]> {
    return this.#pages("conversations.history", { channel, ...range }, signal);
  }

  /** The replies of a thread, and its root whatever the range. Oldest first, in pages; none if the thread is gone. */
  async *threadPages(
    channel: string,
    root: string,
    range: Range,
    signal: AbortSignal,
  ): AsyncGenerator<unknown[]> {
    try {
      yield* this.#pages("conversations.replies", { channel, ts: root, ...range }, signal);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "thread_not_found") throw error;
    }
  }

  /** Whether the channel has a message before `latest`. */
  async hasOlder(channel: string, latest: string, signal: AbortSignal): Promise<boolean> {
    const params = { channel, latest, limit: 1 };
    const answer = await this.#call("conversations.history", params, messagesForm, signal);
    return answer.messages.length > 0;
  }

  async channel(
    channel: string,
    signal: AbortSignal,
  ): Promise<{ readonly name: string | undefined; readonly isArchived: boolean }> {
    const answer = await this.#call("conversations.info", { channel }, channelForm, signal);
    return { name: answer.channel.name, isArchived: answer.channel.is_archived };
  }

  async *#pages(method: Method, params: Record<string, unknown>, signal: AbortSignal) {
    const seen = new Set<string>();
    for (let cursor: string | undefined; ;) {
      const page = { limit: PAGE, ...params, ...(cursor !== undefined && { cursor }) };
      const answer = await this.#call(method, page, messagesForm, signal);
      yield answer.messages;
      cursor = answer.response_metadata?.next_cursor;
      // A cursor that repeats would be followed for ever.
      if (cursor === undefined || cursor === "" || seen.has(cursor)) return;
      seen.add(cursor);
    }
  }

  async #call<Form>(
    method: Method,
    params: Record<string, unknown>,
    form: z.ZodType<Form>,
    signal: AbortSignal,
  ): Promise<Form> {
    for (let failures = 0; ;) {
      await pause((this.#notBefore.get(method) ?? 0) - performance.now(), signal);
      try {
        const answer = form.safeParse(await this.api.call(method, params, signal));
        if (answer.success) return answer.data;
        throw platformError("malformed_answer");
      } catch (error) {
        if (!(error instanceof PlatformError) || !error.retryable || signal.aborted) throw error;
        if (error.retryAfterMs !== undefined) {
          this.#notBefore.set(method, performance.now() + error.retryAfterMs);
          continue;
        }
        failures += 1;
        if (failures === MAX_FAILURES) throw error;
        await pause(backoffMs(failures, OUTAGE_BACKOFF), signal);
      }
    }
  }
}
