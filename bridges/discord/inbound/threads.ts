import { ChannelType } from "discord-api-types/v10";

/** What is known of a channel id: a thread of another channel, or a channel of its own. */
export type Known =
  | { readonly kind: "thread"; readonly parentId: string; readonly name?: string }
  | { readonly kind: "channel" };

/** As dispatches and GET /channels/:id tell it; the fields of all kinds of channels. */
export interface WireChannel {
  readonly id: string;
  readonly type: number;
  readonly parent_id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

const THREADS: ReadonlySet<number> = new Set([
  ChannelType.AnnouncementThread,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
]);

export function isThread(type: number): boolean {
  return THREADS.has(type);
}

/**
 * Which channel each thread hangs on. Messages name only the thread, and mappings name its parent. Holds the
 * `limit` channels used last: what was forgotten is looked up again. Ids that Discord would not tell about are
 * remembered like channels, so that they are asked for once.
 */
export class Threads {
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Known>>();

  constructor(
    /** `undefined`: there is no such channel, or the bot may not see it. Rejects when Discord did not answer. */
    private readonly fetchChannel: (id: string) => Promise<WireChannel | undefined>,
    private readonly limit = 20_000,
  ) {}

  learn(channel: WireChannel): Known {
    const { id, type, parent_id: parentId, name } = channel;
    const isOne = isThread(type) && typeof parentId === "string";
    const known: Known = isOne
      ? { kind: "thread", parentId, ...(typeof name === "string" ? { name } : {}) }
      : { kind: "channel" };
    this.#remember(id, known);
    return known;
  }

  known(id: string): Known | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) this.#remember(id, known);
    return known;
  }

  /** Asks Discord, once for all who wait. Rejects when Discord did not answer; nothing is remembered then. */
  lookUp(id: string): Promise<Known> {
    const asking = this.#asking.get(id);
    if (asking !== undefined) return asking;
    const asked = this.#ask(id).finally(() => this.#asking.delete(id));
    this.#asking.set(id, asked);
    return asked;
  }

  async #ask(id: string): Promise<Known> {
    const channel = await this.fetchChannel(id);
    // A dispatch that came meanwhile is newer than the answer.
    const learned = this.#known.get(id);
    if (learned !== undefined) return learned;
    if (channel !== undefined) return this.learn(channel);
    const none: Known = { kind: "channel" };
    this.#remember(id, none);
    return none;
  }

  #remember(id: string, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size <= this.limit) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
