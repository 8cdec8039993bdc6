import type { Logger } from "pino";
import { PlatformError } from "../../core/shared/errors.ts";
import type { SlackApi } from "../web.ts";

const STATUS = "is thinking…";

/**
 * Shows in a thread that an answer is being written. Best effort, without calls to Convex. Slack takes the status away when
 * the bot posts there, or after two minutes, which is longer than an attempt at an answer takes: nothing renews it.
 * https://docs.slack.dev/reference/methods/assistant.threads.setStatus
 */
export class Thinking {
  /** Codes of refusals that have been logged. */
  readonly #logged = new Set<string>();

  constructor(
    private readonly api: Pick<SlackApi, "call">,
    private readonly log: Logger,
    private readonly closing: AbortSignal,
  ) {}

  show(channel: string, thread: string): void {
    if (this.closing.aborted) return;
    const params = { channel_id: channel, thread_ts: thread, status: STATUS };
    this.api.call("assistant.threads.setStatus", params, this.closing).catch((error: unknown) => {
      // If the token or the channel no longer works, posting the answer reports that.
      const code = error instanceof PlatformError ? error.code : "unknown";
      if (this.closing.aborted || this.#logged.has(code)) return;
      this.#logged.add(code);
      this.log.info({ code }, "Slack does not show that an answer is being written");
    });
  }
}
