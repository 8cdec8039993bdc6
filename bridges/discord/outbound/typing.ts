/** Discord shows it for ten seconds: https://discord.com/developers/docs/resources/channel#trigger-typing-indicator */
const EVERY_MS = 8_000;
/** The AI may take so long; whatever became of the reply then, nobody types any more. */
const MOST_MS = 60_000;

interface Shown {
  readonly timer: NodeJS.Timeout;
  readonly until: number;
}

/** Shows that the bot is typing, from the question to the answer. Best effort, and no call to Convex. */
export class Typing {
  readonly #shown = new Map<string, Shown>();

  constructor(private readonly show: (channelId: string) => Promise<unknown>) {}

  start(channelId: string): void {
    this.stop(channelId);
    const timer = setInterval(() => this.#again(channelId), EVERY_MS);
    this.#shown.set(channelId, { timer, until: performance.now() + MOST_MS });
    this.#again(channelId);
  }

  stop(channelId: string): void {
    clearInterval(this.#shown.get(channelId)?.timer);
    this.#shown.delete(channelId);
  }

  close(): void {
    for (const channelId of [...this.#shown.keys()]) this.stop(channelId);
  }

  #again(channelId: string): void {
    const shown = this.#shown.get(channelId);
    if (shown === undefined || performance.now() >= shown.until) {
      this.stop(channelId);
      return;
    }
    // Not allowed to, or the channel is gone: the reply itself will tell.
    this.show(channelId).catch(() => this.stop(channelId));
  }
}
