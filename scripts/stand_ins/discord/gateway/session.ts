import { GatewayIntentBits as Intent } from "discord-api-types/v10";
import { randomBytes } from "node:crypto";
import type { WebSocket } from "ws";

/** Dispatches kept at least for a resume. Discord keeps some too; whoever is further behind starts anew. */
const KEPT = 10_000;

/** One gateway session: it outlives its socket, so that a client that comes back gets what it missed. */
export class Session {
  readonly id = randomBytes(16).toString("hex");
  readonly #kept: { readonly seq: number; readonly name: string; readonly frame: string }[] = [];
  #seq = 0;
  /** The live connection. Without one, since when. */
  link: { readonly socket: WebSocket } | { readonly lostAt: number };

  constructor(
    readonly intents: number,
    socket: WebSocket,
  ) {
    this.link = { socket };
  }

  get seq(): number {
    return this.#seq;
  }

  get seesContent(): boolean {
    return this.wants(Intent.MessageContent);
  }

  wants(intent: number): boolean {
    return (this.intents & intent) !== 0;
  }

  /** Gives a dispatch its number and keeps it. `data` is JSON already: every session gets the same text. */
  add(name: string, data: string): string {
    this.#seq += 1;
    const frame = `{"op":0,"t":"${name}","s":${this.#seq},"d":${data}}`;
    this.#kept.push({ seq: this.#seq, name, frame });
    // Cut in large steps: a shift for each dispatch would move the whole list each time.
    if (this.#kept.length > 2 * KEPT) this.#kept.splice(0, KEPT);
    return frame;
  }

  /** What came after `seq`; nothing at all when some of it is no longer kept. */
  after(seq: number): readonly { name: string; frame: string }[] | undefined {
    const oldest = this.#kept[0]?.seq ?? this.#seq + 1;
    return seq + 1 < oldest ? undefined : this.#kept.filter((kept) => kept.seq > seq);
  }
}
