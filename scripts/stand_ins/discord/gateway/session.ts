import { GatewayIntentBits as Intent } from "discord-api-types/v10";
import { randomBytes } from "node:crypto";
import type { WebSocket } from "ws";

/** The least number of events kept for a resume. A client further behind must identify again. */
const KEPT = 10_000;

/** One gateway session. It outlives its socket, so that a client that resumes receives what it missed. */
export class Session {
  readonly id = randomBytes(16).toString("hex");
  readonly #kept: { readonly seq: number; readonly name: string; readonly frame: string }[] = [];
  #seq = 0;
  /** The socket, or when it was lost (Unix ms). */
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

  /** Numbers an event and keeps it. `data` is serialised JSON, shared by all sessions. */
  add(name: string, data: string): string {
    this.#seq += 1;
    const frame = `{"op":0,"t":"${name}","s":${this.#seq},"d":${data}}`;
    this.#kept.push({ seq: this.#seq, name, frame });
    // Trimmed in large steps: a shift per event would move the whole list each time.
    if (this.#kept.length > 2 * KEPT) this.#kept.splice(0, KEPT);
    return frame;
  }

  /** The events after `seq`, or undefined when some of them are no longer kept. */
  after(seq: number): readonly { name: string; frame: string }[] | undefined {
    const oldest = this.#kept[0]?.seq ?? this.#seq + 1;
    return seq + 1 < oldest ? undefined : this.#kept.filter((kept) => kept.seq > seq);
  }
}
