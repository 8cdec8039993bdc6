import type { PlatformName } from "../../../bridges/platform.ts";
import type { Stage } from "../demo/stage.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import type { Random } from "./random.ts";

/** A recent message that an edit or a delete may choose. */
interface RecentMessage {
  readonly platform: PlatformName;
  readonly channel: string;
  readonly thread?: string;
  readonly id: string;
  readonly token: string;
  hasThread: boolean;
}

interface Channel {
  readonly platform: PlatformName;
  readonly channel: string;
  /** What its threads were started from. Channels that are relayed to each other share them. */
  readonly roots: RecentMessage[];
}

/** How many recent messages are kept, on each platform. */
const REMEMBERED = 40;
const THREADS_PER_CHANNEL = 3;

const NAMES = ["Ada", "Grace", "Alan", "Barbara", "Donald", "Edsger"];
/** What the AI answers in many words; the last in several posts. */
const AT_LENGTH = ["please, at length", "at length, then", "and at great length"];

const WORDS = "bridge lane ack cursor page thread lease nonce frame socket café “quoted” 1 < 2 & 3";

/**
 * Random posts, edits and deletes by people, in channels and threads, mapped and unmapped. Every message begins with a
 * token of its own that edits keep, so that requests to the AI show which messages they contain.
 */
export class Traffic {
  readonly #channels: Channel[] = [];
  readonly #messages: Record<PlatformName, RecentMessage[]> = { discord: [], slack: [] };
  #count = 0;
  #isRelay = false;

  /** `stream`: whether people watch answers being written, some of them long. */
  constructor(
    private readonly stage: Stage,
    private readonly random: Random,
    private readonly stream = false,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** Adds a channel on each platform, which are one conversation. Answered only if answers are streamed. */
  async prepareRelay(): Promise<void> {
    const admin = await this.stage.stack.adminClient();
    const roots: RecentMessage[] = [];
    this.#isRelay = true;
    for (const platform of PLATFORMS) {
      const channel = this.stage.stack.chat(platform).addChannel("one");
      this.#channels.push({ platform, channel, roots });
      const { stream } = this;
      const trigger = stream ? "always" : "never";
      await this.stage.map(admin, platform, channel, { to: "one", trigger, relay: true, stream });
    }
  }

  /** Adds channels on each platform: three that are answered, one that is only mirrored, and one that is not mapped. */
  async prepare(): Promise<void> {
    const admin = await this.stage.stack.adminClient();
    for (const platform of PLATFORMS) {
      for (const name of ["one", "two", "three", "silent", "unmapped"]) {
        const channel = this.stage.stack.chat(platform).addChannel(name);
        this.#channels.push({ platform, channel, roots: [] });
        if (name === "unmapped") continue;
        const trigger = name === "silent" ? "never" : "always";
        const { stream } = this;
        const to = `${platform} ${name}`;
        await this.stage.map(admin, platform, channel, { to, trigger, stream });
      }
    }
  }

  /** Posts a message. Sometimes it also edits or deletes an earlier one. */
  act(): void {
    const { random } = this;
    const target = random.pick(this.#channels);
    this.#say(target, this.#thread(target));
    if (random.chance(0.12)) this.#change(random.pick(PLATFORMS));
  }

  #say({ platform, channel }: Channel, thread: string | undefined): void {
    const { random, stage } = this;
    this.#count += 1;
    const token = `m${this.#count.toString()}`;
    const text = typed(platform, `${token}: ${this.#words()}`);
    const id = stage.say(platform, channel, random.pick(NAMES), text, thread);
    const said = this.#messages[platform];
    const place = { platform, channel, ...(thread !== undefined && { thread }) };
    said.push({ ...place, id, token, hasThread: false });
    if (said.length > REMEMBERED) said.shift();
  }

  #thread(target: Channel): string | undefined {
    const { random } = this;
    const { platform, channel, roots } = target;
    if (random.chance(0.7)) return undefined;
    if (roots.length < THREADS_PER_CHANNEL && random.chance(0.2)) {
      const root = this.#messages[platform].findLast(
        (said) => said.channel === channel && said.thread === undefined && !said.hasThread,
      );
      if (root) {
        root.hasThread = true;
        roots.push(root);
        this.#open(target, root.id, root);
      }
    }
    return roots.length === 0 ? undefined : this.#threadOf(random.pick(roots), target);
  }

  /** A thread has the id of what it was started from: of the copy, where that was said elsewhere and is copied already. */
  #threadOf(root: RecentMessage, target: Channel): string | undefined {
    if (root.channel === target.channel) return root.id;
    const copy = this.stage.stack
      .chat(target.platform)
      .transcript(target.channel)
      .find(({ inPersona, text }) => inPersona && tokenOf(text) === root.token);
    if (copy) this.#open(target, copy.id, root);
    return copy?.id;
  }

  #open({ platform, channel }: Channel, id: string, { token }: RecentMessage): void {
    const chat = this.stage.stack.chat(platform);
    try {
      chat.openThread({ channel, id, name: `about ${token}` });
    } catch {
      // Somebody has, or the bridge.
    }
  }

  #change(platform: PlatformName): void {
    const { random } = this;
    const choice = this.#messages[platform];
    if (choice.length === 0) return;
    const said = random.pick(choice);
    const { channel, thread, id } = said;
    const place = { channel, id, ...(thread !== undefined && { thread }) };
    const chat = this.stage.stack.chat(platform);
    const mayGo = !said.hasThread || (this.#isRelay && random.chance(0.5));
    if (mayGo && random.chance(0.35)) {
      chat.remove(place);
      drop(this.#messages[platform], said);
      // Nobody goes on in its threads: the copies of what is on its way still do.
      for (const { roots } of this.#channels) drop(roots, said);
    } else {
      const text = typed(platform, `${said.token}: now ${this.#words()}`);
      chat.edit({ ...place, text });
    }
  }

  #words(): string {
    const words = WORDS.split(" ");
    const said = Array.from({ length: this.random.between(1, 12) }, () => this.random.pick(words));
    if (this.stream && this.random.chance(0.15)) said.push(this.random.pick(AT_LENGTH));
    return said.join(" ");
  }
}

function drop<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

/** The token of a message, which copies and edits of it keep. */
export function tokenOf(text: string): string | undefined {
  return /\bm\d+(?=:)/.exec(text)?.[0];
}

/** The text as the platform's own client sends it: Slack's escapes three characters. */
function typed(platform: PlatformName, text: string): string {
  switch (platform) {
    case "discord":
      return text;
    case "slack":
      return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }
}
