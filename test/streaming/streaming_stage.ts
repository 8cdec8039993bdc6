import type { ConvexHttpClient } from "convex/browser";
import { expect } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import { Stage } from "../../scripts/verify/demo/stage.ts";
import type { VisibleMessage } from "../../scripts/stand_ins/chat.ts";
import type { OpenAiFault } from "../../scripts/stand_ins/openai/stand_in.ts";
import { type Stack, startStack, type StackOptions } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

/** A stack with channels in which people watch answers being written. */
export class StreamingStage {
  readonly #stage: Stage;
  #rooms = 0;

  private constructor(
    readonly stack: Stack,
    readonly admin: ConvexHttpClient,
  ) {
    this.#stage = new Stage(stack);
  }

  static async open(options: StackOptions = {}): Promise<StreamingStage> {
    const slack = { ackWithinMs: 120_000, updateLimit: { requests: 50, windowMs: 60_000 } };
    const stack = await startStack({
      openai: { streaming: () => ({ everyMs: 20 }) },
      ...options,
      slack,
    });
    return new StreamingStage(stack, await stack.adminClient());
  }

  async room(platform: PlatformName): Promise<StreamedRoom> {
    const channel = this.stack.chat(platform).addChannel(`room ${++this.#rooms}`);
    await this.#stage.map(this.admin, platform, channel, { to: `${platform} ${channel}` });
    const target = { platform, externalId: channel };
    await this.admin.mutation(api.admin.change, { ...target, stream: true });
    // The bridge has to hear of it.
    const room = new StreamedRoom(this, platform, channel);
    await eventually(async () => {
      const { mappings } = await this.admin.query(api.admin.status, {});
      const own = mappings.find(({ externalId }) => externalId === channel);
      expect(own?.caughtUpAt).toBeGreaterThan(0);
    });
    return room;
  }

  say(platform: PlatformName, channel: string, text: string): string {
    return this.#stage.say(platform, channel, "Ada", text);
  }

  rows() {
    return this.#stage.rows();
  }
}

/** One channel, and everything that its answers have shown. */
export class StreamedRoom {
  /** Each text that a post of the bot has had, by its id. */
  readonly shown = new Map<string, string[]>();
  #questions = 0;

  constructor(
    private readonly stage: StreamingStage,
    readonly platform: PlatformName,
    readonly channel: string,
  ) {
    stage.stack.chat(platform).onChange(({ kind, channel: where, message }) => {
      if (where !== channel || !message.fromBot || kind === "deleted") return;
      this.shown.set(message.id, [...(this.shown.get(message.id) ?? []), message.text]);
    });
  }

  get chat() {
    return this.stage.stack.chat(this.platform);
  }

  get posts() {
    return this.chat.posts.filter(({ channel }) => channel === this.channel);
  }

  /** What people see of the bot. */
  get visible(): VisibleMessage[] {
    return this.chat.transcript(this.channel).filter(({ fromBot }) => fromBot);
  }

  /** Asks. `faults` apply to the attempts at an answer, in order. */
  ask(text = "Why?", ...faults: OpenAiFault[]): string {
    const asked = `${text} (${this.channel}, ${++this.#questions})`;
    for (const fault of faults) this.stage.stack.openai.next(fault, asked);
    return this.stage.say(this.platform, this.channel, asked);
  }

  /** Waits until the beginning of an answer is posted. */
  async begun(count = 1): Promise<void> {
    await eventually(() => expect(this.posts.length).toBeGreaterThanOrEqual(count), {
      interval: 10,
    });
  }

  /** Waits until every reply has ended and nothing is left to post. */
  async settled(timeout = 60_000): Promise<void> {
    await eventually(
      async () => {
        const { mappings } = await this.stage.admin.query(api.admin.status, {});
        const own = mappings.find(({ externalId }) => externalId === this.channel);
        const { replies } = await this.stage.admin.query(api.admin.activity, {
          channelId: own?.channelId ?? "",
        });
        expect(replies.filter(({ state }) => state === "open")).toEqual([]);
        expect(own).toMatchObject({ open: 0, failed: 0 });
      },
      { timeout, interval: 100 },
    );
  }

  /** Expects each answer to stand whole, in posts of its own, of which none was made twice, and nobody pinged. */
  async expectWhole(answers: number): Promise<void> {
    const rows = (await this.stage.rows()).filter(
      ({ channel, kind, deletedAt }) =>
        channel === this.channel && kind === "reply" && deletedAt === undefined,
    );
    expect(rows).toHaveLength(answers);
    expect(rows.flatMap(({ posts }) => posts)).toEqual(this.posts.map(({ id }) => id));
    expect(this.visible.map(({ id }) => id)).toEqual(this.posts.map(({ id }) => id));
    const text = this.visible.map((message) => message.text).join("\n");
    expect(letters(text)).toBe(letters(rows.map(({ content }) => content).join("\n")));
    expect(this.posts.flatMap(({ pings }) => pings)).toEqual([]);
    expect(this.stage.stack.openai.refused).toEqual([]);
    expect(this.stage.stack[this.platform].refused).toEqual([]);
  }
}

/** Of a text, what no renderer changes. Names of code blocks are repeated in each piece. */
export function letters(text: string): string {
  return text.replaceAll(/^\s*(?:```|~~~)\w*\s*$/gm, "").replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** A text of many words, all of them different. */
export function words(count: number): string {
  return Array.from({ length: count }, (_, n) => `w${n + 1000}`).join(" ");
}
