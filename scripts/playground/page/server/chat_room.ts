import type { ChatStandIn } from "../../../stand_ins/chat.ts";
import type { Channel, ChatMessage, Named, Place, PlatformState } from "../protocol.ts";

/** Newest messages of a place that the page shows. */
const MAX_MESSAGES = 200;

/** Longest name of a thread, in characters. */
const MAX_THREAD_NAME = 40;

/** How long a sign of typing lasts on Discord, in ms. */
const TYPING_MS = 10_000;

interface Room extends Named {
  readonly threads: Map<string, Named>;
}

/**
 * One platform's stand-in as the page shows it. Knows the channels, people and threads that were made here; a thread the
 * bot opens is learned of by its first message.
 */
export class ChatRoom {
  readonly #rooms = new Map<string, Room>();
  readonly #people: Named[] = [];
  readonly #typing = new Map<string, { readonly place: Place; readonly at: number }>();
  readonly #bot: Named;

  constructor(
    readonly chat: ChatStandIn,
    botName: string,
  ) {
    this.#bot = { id: chat.botId, name: botName };
    chat.onChange(({ kind, channel, thread, message }) => {
      if (message.fromBot) this.#typing.delete(keyOf({ channel, thread }));
      if (thread !== undefined && kind === "new") this.#learnThread(channel, thread);
    });
  }

  addChannel(name: string): string {
    const id = this.chat.addChannel(name);
    this.#rooms.set(id, { id, name, threads: new Map() });
    return id;
  }

  addPerson(name: string): string {
    const id = this.chat.addPerson(name);
    this.#people.push({ id, name });
    return id;
  }

  /** The thread on a message; opened if there is none. */
  openThread(channel: string, id: string): string {
    const room = this.#room(channel);
    const known = room.threads.get(id);
    if (known) return known.id;
    const name = this.#nameThread(channel, id);
    const thread = this.chat.openThread({ channel, id, name });
    room.threads.set(thread, { id: thread, name });
    return thread;
  }

  say(place: Place, person: string, text: string): string {
    return this.chat.say({ ...exact(place), person, text: this.#asSent(text) });
  }

  edit(place: Place, id: string, text: string): void {
    this.chat.edit({ ...exact(place), id, text: this.#asSent(text) });
  }

  remove(place: Place, id: string): void {
    this.chat.remove({ ...exact(place), id });
  }

  /** The bot began typing there. */
  markTyping(place: Place): void {
    this.#typing.set(keyOf(place), { place, at: Date.now() });
  }

  messages({ channel, thread }: Place): ChatMessage[] {
    return this.chat.transcript(channel, thread).slice(-MAX_MESSAGES);
  }

  /** Every place that may hold messages. */
  places(): Place[] {
    return [...this.#rooms.values()].flatMap(({ id, threads }) => [
      { channel: id },
      ...[...threads.keys()].map((thread) => ({ channel: id, thread })),
    ]);
  }

  side(): PlatformState {
    return {
      bot: this.#bot,
      people: [...this.#people],
      channels: [...this.#rooms.values()].map(({ id, name, threads }): Channel => ({
        id,
        name,
        threads: [...threads.values()],
      })),
      typing: [...this.#typing.values()]
        .filter(({ at }) => Date.now() - at < TYPING_MS)
        .map(({ place }) => place),
      connections: this.chat.connections(),
    };
  }

  /** What the platform's own client sends for typed text: names become mentions; Slack's escapes three characters. */
  #asSent(text: string): string {
    const escaped =
      this.chat.platform === "discord"
        ? text
        : text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const known = [this.#bot, ...this.#people].sort((a, b) => b.name.length - a.name.length);
    return known.reduce(
      (said, { id, name }) => said.replaceAll(`@${name}`, this.chat.mention(id)),
      escaped,
    );
  }

  #learnThread(channel: string, thread: string): void {
    const room = this.#rooms.get(channel);
    if (!room || room.threads.has(thread)) return;
    room.threads.set(thread, { id: thread, name: this.#nameThread(channel, thread) });
  }

  /** On both platforms a thread on a message has the message's id. */
  #nameThread(channel: string, id: string): string {
    const root = this.chat.transcript(channel).find((message) => message.id === id);
    const line = Array.from(root?.text.replace(/\s+/g, " ").trim() ?? "");
    return line.slice(0, MAX_THREAD_NAME).join("") || "Thread";
  }

  #room(channel: string): Room {
    const room = this.#rooms.get(channel);
    if (!room) throw new Error(`no channel ${channel}`);
    return room;
  }
}

function keyOf({ channel, thread }: Place): string {
  return `${channel} ${thread ?? ""}`;
}

function exact({ channel, thread }: Place): { channel: string; thread?: string } {
  return thread === undefined ? { channel } : { channel, thread };
}
