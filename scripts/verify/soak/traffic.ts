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
  readonly threads: string[];
}

/** How many recent messages are kept, on each platform. */
const REMEMBERED = 40;
const THREADS_PER_CHANNEL = 3;

const NAMES = ["Ada", "Grace", "Alan", "Barbara", "Donald", "Edsger"];
const WORDS = "bridge lane ack cursor page thread lease nonce frame socket café “quoted” 1 < 2 & 3";

/**
 * Random posts, edits and deletes by people, in channels and threads, mapped and unmapped. Every message begins with a
 * token of its own that edits keep, so that requests to the AI show which messages they contain.
 */
export class Traffic {
  readonly #channels: Channel[] = [];
  readonly #messages: Record<PlatformName, RecentMessage[]> = { discord: [], slack: [] };
  #count = 0;

  constructor(
    private readonly stage: Stage,
    private readonly random: Random,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** Adds channels on each platform: three that are answered, one that is only mirrored, and one that is not mapped. */
  async prepare(): Promise<void> {
    const admin = await this.stage.stack.adminClient();
    for (const platform of PLATFORMS) {
      for (const name of ["one", "two", "three", "silent", "unmapped"]) {
        const channel = this.stage.stack.chat(platform).addChannel(name);
        this.#channels.push({ platform, channel, threads: [] });
        if (name === "unmapped") continue;
        const trigger = name === "silent" ? "never" : "always";
        await this.stage.map(admin, platform, channel, { to: `${platform} ${name}`, trigger });
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
    if (random.chance(0.7)) return undefined;
    if (target.threads.length < THREADS_PER_CHANNEL && random.chance(0.2)) {
      const root = this.#messages[target.platform].findLast(
        ({ channel, thread, hasThread }) =>
          channel === target.channel && thread === undefined && !hasThread,
      );
      if (root) {
        root.hasThread = true;
        const { channel, id } = root;
        const chat = this.stage.stack.chat(target.platform);
        target.threads.push(chat.openThread({ channel, id, name: `about ${root.token}` }));
      }
    }
    return target.threads.length === 0 ? undefined : random.pick(target.threads);
  }

  #change(platform: PlatformName): void {
    const { random } = this;
    const choice = this.#messages[platform];
    if (choice.length === 0) return;
    const said = random.pick(choice);
    const { channel, thread, id } = said;
    const place = { channel, id, ...(thread !== undefined && { thread }) };
    const chat = this.stage.stack.chat(platform);
    if (!said.hasThread && random.chance(0.35)) {
      chat.remove(place);
      this.#messages[platform].splice(this.#messages[platform].indexOf(said), 1);
    } else {
      const text = typed(platform, `${said.token}: now ${this.#words()}`);
      chat.edit({ ...place, text });
    }
  }

  #words(): string {
    const words = WORDS.split(" ");
    return Array.from({ length: this.random.between(1, 12) }, () => this.random.pick(words)).join(
      " ",
    );
  }
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
