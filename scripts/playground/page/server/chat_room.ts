import type { ChatStandIn } from "../../../stand_ins/chat.ts";
import type { Channel, ChatMessage, Named, Place, PlatformState, Thumb } from "../protocol.ts";
import { seenMessage } from "./seen_message.ts";
import { sampleImage } from "./sample_image.ts";
import { reactionName } from "./thumbs.ts";

/** How many of a channel's or thread's newest messages the page shows. */
const MAX_MESSAGES = 200;

/** Longest thread name, in characters. */
const MAX_THREAD_NAME = 40;

/** What the bot is called here: it posts what the AI answers. */
const BOT_NAME = "AI";

/** How long Discord shows a typing indicator, in ms. */
const TYPING_MS = 10_000;

/** What a person says. `withImage`: with the sample of a screenshot. */
interface Said {
  readonly person: string;
  readonly text: string;
  readonly withImage?: boolean;
}

interface Room extends Named {
  readonly threads: Map<string, Named>;
}

/**
 * One platform's stand-in as the page shows it. Tracks the channels, people and threads that were created here, and adds a
 * thread that the bot opens when its first message is posted.
 */
export class ChatRoom {
  readonly #rooms = new Map<string, Room>();
  readonly #people: Named[] = [];
  readonly #typing = new Map<string, { readonly place: Place; readonly at: number }>();
  readonly #bot: Named;

  constructor(readonly chat: ChatStandIn) {
    this.#bot = { id: chat.botId, name: BOT_NAME };
    chat.onChange(({ kind, channel, thread, message }) => {
      if (message.fromBot) this.#typing.delete(keyOf({ channel, thread }));
      if (thread !== undefined && kind === "new") this.#addThread(channel, thread);
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

  /** Returns the thread on a message, and opens it if there is none. */
  openThread(channel: string, id: string): string {
    const room = this.#room(channel);
    const existing = room.threads.get(id);
    if (existing) return existing.id;
    const name = this.#nameThread(channel, id);
    const thread = this.chat.openThread({ channel, id, name });
    room.threads.set(thread, { id: thread, name });
    return thread;
  }

  say(place: Place, said: Said): string {
    const { person, text, withImage = false } = said;
    const files = withImage ? { files: [sampleImage()] } : {};
    return this.chat.say({ ...exact(place), person, text: this.#encode(text), ...files });
  }

  /** Adds a person's reaction, or takes it back if they have reacted so already. */
  react(place: Place, { id, person, thumb }: { id: string; person: string; thumb: Thumb }): void {
    const shown = this.messages(place).find((message) => message.id === id)?.reactions ?? [];
    const isOn = shown.some(({ emoji, people }) => emoji === thumb && people.includes(person));
    const emoji = reactionName(this.chat.platform, thumb);
    this.chat.reactions[isOn ? "remove" : "add"]({ ...exact(place), id, person, emoji });
  }

  edit(place: Place, id: string, text: string): void {
    this.chat.edit({ ...exact(place), id, text: this.#encode(text) });
  }

  remove(place: Place, id: string): void {
    this.chat.remove({ ...exact(place), id });
  }

  /** Records that the bot started typing. */
  markTyping(place: Place): void {
    this.#typing.set(keyOf(place), { place, at: Date.now() });
  }

  messages({ channel, thread }: Place): ChatMessage[] {
    const { platform } = this.chat;
    const newest = this.chat.transcript(channel, thread).slice(-MAX_MESSAGES);
    return newest.map((message) => seenMessage(platform, message, this.#bot));
  }

  /** Every channel and thread. */
  places(): Place[] {
    return [...this.#rooms.values()].flatMap(({ id, threads }) => [
      { channel: id },
      ...[...threads.keys()].map((thread) => ({ channel: id, thread })),
    ]);
  }

  state(): PlatformState {
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

  /** Typed text as the platform's client sends it: names become mentions, and Slack escapes three characters. */
  #encode(text: string): string {
    const escaped =
      this.chat.platform === "discord"
        ? text
        : text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const named = [this.#bot, ...this.#people].sort((a, b) => b.name.length - a.name.length);
    return named.reduce(
      (encoded, { id, name }) => encoded.replaceAll(`@${name}`, this.chat.mention(id)),
      escaped,
    );
  }

  /** A message's text on one line, with names in place of ids. */
  #decode(text: string): string {
    const named = [this.#bot, ...this.#people].reduce(
      (decoded, { id, name }) => decoded.replaceAll(this.chat.mention(id), `@${name}`),
      text.replaceAll(/\s+/g, " ").trim(),
    );
    return this.chat.platform === "discord"
      ? named
      : named.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  }

  #addThread(channel: string, thread: string): void {
    const room = this.#rooms.get(channel);
    if (!room || room.threads.has(thread)) return;
    room.threads.set(thread, { id: thread, name: this.#nameThread(channel, thread) });
  }

  /** The start of the message that the thread is on. On both platforms the thread has that message's id. */
  #nameThread(channel: string, id: string): string {
    const root = this.chat.transcript(channel).find((message) => message.id === id);
    const line = Array.from(this.#decode(root?.text ?? ""));
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

/** Leaves out an undefined `thread`. */
function exact({ channel, thread }: Place): { channel: string; thread?: string } {
  return thread === undefined ? { channel } : { channel, thread };
}
