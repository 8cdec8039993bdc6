import type { Message } from "../world/model.ts";

/** Discord says "the past few minutes" (Message, "Create Message", `enforce_nonce`). */
const NONCE_WINDOW_MS = 180_000;

/** Remembers for `windowMs` which message an author's nonce created. */
export class NonceBook {
  readonly #made = new Map<string, { message: Message; at: number }>();

  constructor(private readonly windowMs = NONCE_WINDOW_MS) {}

  /** The message that this nonce created within the window. It may have been deleted since. */
  find(authorId: string, nonce: string | number): Message | undefined {
    const made = this.#made.get(`${authorId} ${nonce}`);
    return made && Date.now() - made.at < this.windowMs ? made.message : undefined;
  }

  keep(authorId: string, nonce: string | number, message: Message): void {
    this.#made.set(`${authorId} ${nonce}`, { message, at: Date.now() });
  }

  /** Forgets all nonces, as if the window had passed. */
  forget(): void {
    this.#made.clear();
  }
}
