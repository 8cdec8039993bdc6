import type { ConvexHttpClient } from "convex/browser";
import { expect } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import type { NewMessage, Place, VisibleMessage } from "../../scripts/stand_ins/chat.ts";
import {
  PLATFORMS,
  type Stack,
  startStack,
  type StackOptions,
} from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

/** How a channel of a conversation is mapped. */
interface MapOptions {
  readonly trigger?: "always" | "mention" | "never";
  readonly relay?: boolean;
  readonly relayApps?: boolean;
  readonly replyIn?: "channel" | "thread";
  readonly files?: "none" | "images" | "all";
}

/** A stack on which channels of both platforms are one conversation. */
export class RelayStage {
  readonly #people = new Map<string, string>();

  private constructor(
    readonly stack: Stack,
    readonly admin: ConvexHttpClient,
  ) {}

  static async open(options?: StackOptions): Promise<RelayStage> {
    const stack = await startStack(options);
    return new RelayStage(stack, await stack.adminClient());
  }

  /** Maps a new channel of each platform to one Convex channel. The AI says nothing, unless it is mentioned. */
  async conversation(name: string, options: MapOptions = {}): Promise<Conversation> {
    const channels: Partial<Record<PlatformName, string>> = {};
    for (const platform of PLATFORMS) {
      channels[platform] = this.stack.chat(platform).addChannel(name);
      await this.map(platform, channels[platform], name, options);
    }
    const { discord = "", slack = "" } = channels;
    return new Conversation(this, name, { discord, slack });
  }

  async map(platform: PlatformName, externalId: string, to: string, options: MapOptions = {}) {
    await this.admin.mutation(api.admin.map, {
      platform,
      externalId,
      externalName: to,
      to,
      trigger: "mention",
      relay: true,
      ...options,
    });
  }

  /** Waits until nothing is open in the outbox. */
  async settled(timeout?: number): Promise<void> {
    await eventually(
      async () => {
        const { mappings } = await this.admin.query(api.admin.status, {});
        expect(mappings.filter(({ open }) => open > 0)).toEqual([]);
      },
      timeout === undefined ? {} : { timeout, interval: 500 },
    );
  }

  /** The person's id; made at first use. */
  person(platform: PlatformName, name: string): string {
    const key = `${platform} ${name}`;
    const id = this.#people.get(key) ?? this.stack.chat(platform).addPerson(name);
    this.#people.set(key, id);
    return id;
  }
}

/** A channel on each platform that are one conversation. */
export class Conversation {
  constructor(
    readonly stage: RelayStage,
    readonly name: string,
    readonly channels: Readonly<Record<PlatformName, string>>,
  ) {}

  /** A person says something. Returns the message's id. */
  say(
    platform: PlatformName,
    person: string,
    text: string,
    more: Pick<NewMessage, "thread" | "replyTo" | "files"> = {},
  ): string {
    const place: Place = { channel: this.channels[platform] };
    return this.stage.stack
      .chat(platform)
      .say({ ...place, person: this.stage.person(platform, person), text, ...more });
  }

  edit(platform: PlatformName, id: string, text: string, thread?: string): void {
    this.stage.stack.chat(platform).edit({ ...this.#place(platform, thread), id, text });
  }

  remove(platform: PlatformName, id: string, thread?: string): void {
    this.stage.stack.chat(platform).remove({ ...this.#place(platform, thread), id });
  }

  /** What people see in the channel, or in a thread. */
  seen(platform: PlatformName, thread?: string): VisibleMessage[] {
    return this.stage.stack.chat(platform).transcript(this.channels[platform], thread);
  }

  /** The same, a line each: `author: text`. */
  lines(platform: PlatformName, thread?: string): string[] {
    return this.seen(platform, thread).map(({ author, text }) => `${author}: ${text}`);
  }

  #place(platform: PlatformName, thread: string | undefined): Place {
    return { channel: this.channels[platform], ...(thread !== undefined && { thread }) };
  }
}
