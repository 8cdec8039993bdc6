/** In ms. Discord shows the indicator for ten seconds: https://discord.com/developers/docs/resources/channel#trigger-typing-indicator */
const EVERY_MS = 8_000;
/** In ms. Then the indicator ends, whatever happened to the reply. */
const MAX_MS = 60_000;

interface Shown {
  readonly timer: NodeJS.Timeout;
  readonly until: number;
}

/** Shows that the bot is typing, from the question to the reply. Best effort, without calls to Convex. */
export class Typing {
  readonly #shown = new Map<string, Shown>();

  constructor(private readonly show: (channelId: string) => Promise<unknown>) {}

  start(channelId: string): void {
    this.stop(channelId);
    const timer = setInterval(() => this.#show(channelId), EVERY_MS);
    this.#shown.set(channelId, { timer, until: performance.now() + MAX_MS });
    this.#show(channelId);
  }

  stop(channelId: string): void {
    clearInterval(this.#shown.get(channelId)?.timer);
    this.#shown.delete(channelId);
  }

  close(): void {
    for (const channelId of [...this.#shown.keys()]) this.stop(channelId);
  }

  #show(channelId: string): void {
    const shown = this.#shown.get(channelId);
    if (shown === undefined || performance.now() >= shown.until) {
      this.stop(channelId);
      return;
    }
    // If the bot lacks a permission or the channel was deleted, posting the reply reports that.
    this.show(channelId).catch(() => this.stop(channelId));
  }
}
