import type { ConvexHttpClient } from "convex/browser";
import { expect } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import type { TranscriptRow } from "../../convex/model/admin/transcript.ts";
import { Stage } from "../../scripts/verify/demo/stage.ts";
import type { AcceptedPost, Place } from "../../scripts/stand_ins/chat.ts";
import { type Stack, startStack, type StackOptions } from "../../scripts/stand_ins/stack.ts";
import type { AnswerFault } from "../../scripts/stand_ins/wire.ts";
import { eventually } from "../support/eventually.ts";

/** Kinds of request, and the stand-ins' names for them. */
const NAMES = {
  post: { discord: "POST channels/:id/messages", slack: "chat.postMessage" },
  read: { discord: "GET channels/:id/messages", slack: "conversations.history" },
} as const;
type Request = keyof typeof NAMES;

/** A stack on which each failure has a room of its own, so that their waits overlap. */
export class OutboxStage {
  readonly #stage: Stage;

  private constructor(
    readonly stack: Stack,
    readonly admin: ConvexHttpClient,
  ) {
    this.#stage = new Stage(stack);
  }

  static async open(options?: StackOptions): Promise<OutboxStage> {
    const stack = await startStack(options);
    return new OutboxStage(stack, await stack.adminClient());
  }

  async room(platform: PlatformName, name: string): Promise<Room> {
    const channel = this.stack.chat(platform).addChannel(name);
    await this.#stage.map(this.admin, platform, channel, { to: `${platform} ${name}`, name });
    return new Room(this, platform, channel);
  }

  say(platform: PlatformName, place: Place, text: string): string {
    return this.#stage.say(platform, place.channel, "Ann", text, place.thread);
  }

  rows(): Promise<TranscriptRow[]> {
    return this.#stage.rows();
  }

  /** What `channels status` shows. */
  status() {
    return this.admin.query(api.admin.status, {});
  }

  answerNext(platform: PlatformName, request: Request, fault: AnswerFault): void {
    if (platform === "slack") this.stack.slack.answerNext(NAMES[request].slack, fault);
    else this.stack.discord.answerNext(NAMES[request].discord, fault);
  }

  /** When requests of this kind arrived, in ms since 1970. */
  asked(platform: PlatformName, request: Request): number[] {
    const name = NAMES[request][platform];
    const entries = this.stack[platform].wire.filter(
      (entry) => entry.direction === "in" && entry.name === name,
    );
    return entries.map(({ at }) => at);
  }

  /** Calls `act` once, when the next request of this kind has been answered. */
  afterNext(platform: PlatformName, request: Request, act: () => void): void {
    const stop = this.stack[platform].faults.onEntry(({ name, direction }) => {
      if (name !== NAMES[request][platform] || direction !== "out") return;
      stop();
      act();
    });
  }
}

/** One mapped channel. */
export class Room {
  constructor(
    private readonly stage: OutboxStage,
    readonly platform: PlatformName,
    readonly channel: string,
  ) {}

  /** Everything the bot posted here, in order. */
  get posts(): readonly AcceptedPost[] {
    return this.stage.stack
      .chat(this.platform)
      .posts.filter((post) => post.channel === this.channel);
  }

  ask(text: string, thread?: string): string {
    const place = { channel: this.channel, ...(thread !== undefined && { thread }) };
    return this.stage.say(this.platform, place, text);
  }

  /** Asks, and resolves once the answer's post has arrived and the fault has been applied. */
  async askFailing(fault: AnswerFault, text = "Why?", thread?: string): Promise<void> {
    const { platform, stage } = this;
    const before = stage.asked(platform, "post").length;
    stage.answerNext(platform, "post", fault);
    this.ask(text, thread);
    await eventually(() => expect(stage.asked(platform, "post")).toHaveLength(before + 1), {
      timeout: 10_000,
      interval: 10,
    });
  }

  /** Waits until `count` posts were accepted. */
  async posted(count: number, timeout = 10_000): Promise<void> {
    await eventually(() => expect(this.posts).toHaveLength(count), { timeout, interval: 10 });
  }

  /** How `channels status` shows it. */
  async status() {
    const { mappings, failed } = await this.stage.status();
    const mapping = mappings.find(({ externalId }) => externalId === this.channel);
    if (!mapping) throw new Error("the room is not mapped");
    const own = failed.filter(({ channel }) => channel === this.channel);
    return { open: mapping.open, failed: own, health: mapping.health };
  }

  /** Waits until nothing is in progress. */
  async settled(timeout: number): Promise<void> {
    await eventually(async () => expect((await this.status()).open).toBe(0), {
      timeout,
      interval: 500,
    });
  }

  /** Expects every answer here once, complete and in the right place, and Convex to know its posts. */
  async expectAllOnce(answers = 1): Promise<void> {
    const { open, failed, health } = await this.status();
    expect({ open, failed, health }).toEqual({ open: 0, failed: [], health: [] });
    const rows = (await this.stage.rows()).filter(
      (row) => row.channel === this.channel && (row.kind === "reply" || row.kind === "notice"),
    );
    expect(rows).toHaveLength(answers);
    expect(rows.flatMap(({ posts }) => posts)).toEqual(this.posts.map(({ id }) => id));
    for (const row of rows) {
      const pieces = this.posts.filter(({ id }) => row.posts.includes(id));
      expect(pieces.map(({ thread }) => thread)).toEqual(pieces.map(() => row.threadId));
      expect(bare(pieces.map(({ text }) => text).join("\n"))).toBe(bare(row.content));
    }
  }
}

/** Without white space and fences, which splitting moves and repeats. */
function bare(text: string): string {
  return text.replaceAll(/^\s*```\w*\s*$/gm, "").replaceAll(/\s+/g, "");
}
