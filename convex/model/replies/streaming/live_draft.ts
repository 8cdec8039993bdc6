import { partialText } from "./partial_text.ts";

/** Before the first flush of an answer, in ms: a short one is whole by then. */
const FIRST_MS = 1_000;

/** Where an answer is shown while it is written. */
export interface Live {
  /** Between two flushes, in ms. */
  readonly everyMs: number;
  /** Shows the text so far. Returns whether the answer is still wanted. */
  readonly flush: (text: string) => Promise<boolean>;
}

/**
 * Flushes a growing text now and then. By a timer, not by its pieces: what came before a stream stops is shown too. A
 * flush that fails is made up for by the next.
 */
export class LiveDraft {
  #text = "";
  #shown: string | undefined;
  #running: Promise<void> | undefined;
  #hasEnded = false;
  #wake = (): void => undefined;

  constructor(
    private readonly live: Live,
    private readonly onUnwanted: () => void,
  ) {}

  /** The whole text so far. */
  say(text: string): void {
    this.#text = text;
    this.#running ??= this.#run();
  }

  /** Ends the flushes, and waits for the one under way. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (await this.#isDue()) {
      const text = partialText(this.#text);
      if (text === null || text === this.#shown) continue;
      try {
        if (!(await this.live.flush(text))) {
          this.onUnwanted();
          return;
        }
        this.#shown = text;
      } catch {
        // The next one says this too.
      }
    }
  }

  /** Waits for the time of the next flush. Returns false if the answer ends before. */
  async #isDue(): Promise<boolean> {
    const ms = this.#shown === undefined ? FIRST_MS : this.live.everyMs;
    if (!this.#hasEnded) await this.#pause(ms);
    return !this.#hasEnded;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
