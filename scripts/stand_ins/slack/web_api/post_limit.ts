/** At most `requests` posts in a channel, in a window that starts with the first of them. */
export interface PostLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/**
 * Counts the bot's posts, or its edits, by channel. Slack allows about one a second in a channel, and short bursts:
 * https://docs.slack.dev/apis/web-api/rate-limits
 */
export class PostLimiter {
  readonly #windows = new Map<string, { readonly startedAt: number; used: number }>();

  constructor(private readonly limit: PostLimit | undefined) {}

  /** Counts a post. Returns how long to wait if the limit is reached, in whole seconds as Slack says it. */
  take(channel: string): number | undefined {
    if (!this.limit) return undefined;
    const { requests, windowMs } = this.limit;
    const now = Date.now();
    let window = this.#windows.get(channel);
    if (!window || now >= window.startedAt + windowMs) {
      window = { startedAt: now, used: 0 };
      this.#windows.set(channel, window);
    }
    if (window.used >= requests) return Math.ceil((window.startedAt + windowMs - now) / 1000);
    window.used++;
    return undefined;
  }
}
