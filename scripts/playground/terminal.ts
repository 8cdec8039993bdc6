import type { ChatChange, ChatStandIn } from "../stand_ins/chat.ts";

/** How often to ask whether answers are whole, in ms. */
const LOOK_MS = 200;

/**
 * Prints what is posted, edited and deleted on the platforms. An answer that is being written is edited again and again: the
 * bot's own messages are printed once, when they are whole.
 */
export class Terminal {
  /** What prints a message of the bot, by its id. */
  readonly #growing = new Map<string, () => void>();
  #looking: Promise<void> | undefined;

  /** `isWhole`: whether no answer is being written or on its way. */
  constructor(
    private readonly isWhole: () => Promise<boolean>,
    private readonly print: (line: string) => void,
  ) {}

  show(chat: Pick<ChatStandIn, "onChange">, title: string): void {
    const printed = new Set<string>();
    chat.onChange((change: ChatChange) => {
      const { kind, message } = change;
      if (kind === "reacted") return;
      const print = (what: string) => this.print(`${title.padEnd(7)} | ${lineOf(change, what)}`);
      if (!message.fromBot || message.inPersona || printed.has(message.id))
        return print(kind === "new" ? "" : ` (${kind})`);
      if (kind === "deleted") return void this.#growing.delete(message.id);
      this.#growing.set(message.id, () => {
        printed.add(message.id);
        print("");
      });
      this.#looking ??= this.#look();
    });
  }

  /** Resolves when everything is printed. */
  async shown(): Promise<void> {
    await this.#looking;
  }

  async #look(): Promise<void> {
    while (this.#growing.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      // Without Convex nobody knows.
      if (!(await this.isWhole().catch(() => false))) continue;
      for (const print of this.#growing.values()) print();
      this.#growing.clear();
    }
    this.#looking = undefined;
  }
}

function lineOf({ message, thread }: ChatChange, what: string): string {
  const where = thread === undefined ? "" : " (in a thread)";
  const copy = message.inPersona ? " (relayed)" : "";
  return `${message.author}${copy}${where}${what}: ${message.text}`;
}
