import type { ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import { sleep, Stage } from "../../scripts/verify/demo/stage.ts";
import type { BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import { PLATFORMS, startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import type { WireEntry } from "../../scripts/stand_ins/wire.ts";
import { eventually } from "../support/eventually.ts";

/*
 * One exchange: a person asks in a channel and is answered, then asks in a thread and is answered. It is played once
 * without a kill, to see which frames it has, and then twice for each frame: the bridge is killed before or after that
 * frame, and started again. Each time uses a channel of its own, so that the test waits for leases and quarantines only
 * once, at the end.
 */

/** Longer than a lease (60 s), its quarantine (25 s) and the searches on the platform. */
const PATIENCE_MS = 130_000;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({
    slack: { redeliverAfterMs: [0, 5_000, 20_000] },
    // A slow machine has more frames, and one person asks all the questions.
    convexEnv: { AI_REPLIES_PER_AUTHOR: "100000", AI_REPLIES_PER_DAY: "100000" },
  });
});

afterAll(async () => {
  await stack.stop();
});

/** A person on one platform, and the bridge that is killed. */
class Exchange {
  #bridge: BridgeProcess | undefined;
  #channels = 0;
  #probes = 0;

  private constructor(
    readonly stage: Stage,
    readonly platform: PlatformName,
    readonly probe: { readonly channel: string; readonly channelId: Id<"channels"> },
  ) {}

  /** Also maps a channel that is never answered, before any bridge starts. */
  static async open(stage: Stage, platform: PlatformName): Promise<Exchange> {
    const channel = stack.chat(platform).addChannel("probe");
    const target = { to: `${platform} probe`, trigger: "never" } as const;
    const { channelId } = await stage.map(await stack.adminClient(), platform, channel, target);
    return new Exchange(stage, platform, { channel, channelId });
  }

  async start(): Promise<void> {
    this.#bridge = await stack.startBridge([this.platform]);
  }

  /** Plays it in a new channel. With `kill`, first until the bridge has died, then to the end with the next bridge. */
  async play(kill?: Kill): Promise<readonly WireEntry[]> {
    const { platform, stage } = this;
    const chat = stack.chat(platform);
    const { wire, faults } = stack[platform];
    const channel = chat.addChannel(`channel ${(++this.#channels).toString()}`);
    const admin = await stack.adminClient();
    const root = stage.say(platform, channel, "Ada", "The root of a thread.");
    const thread = chat.openThread({ channel, id: root, name: "thread" });
    // A message posted before the mapping must not arrive after it: Slack redelivers events sent to a killed bridge.
    await until(() => platform === "discord" || stack.slack.undelivered() === 0);
    await this.#heard(admin);
    await stage.map(admin, platform, channel, { to: `${platform} ${channel}` });
    await this.#quiet(400);

    let killing: Promise<void> | undefined;
    const start = wire.length;
    const callOff =
      kill &&
      faults.at(nth(kill.frame), kill.side, () => {
        killing = this.#bridge?.kill();
      });
    const isOver = (where: string | undefined) => () =>
      killing !== undefined || chat.transcript(channel, where).some(({ fromBot }) => fromBot);

    stage.say(platform, channel, "Ada", "A question in the channel?");
    await until(isOver(undefined));
    stage.say(platform, channel, "Ada", "A question in the thread?", thread);
    if (!killing) await until(isOver(thread));
    if (!killing) await this.#quiet(250);
    callOff?.();
    const entries = wire.slice(start);
    if (killing) {
      await killing;
      await this.start();
    }
    return entries;
  }

  /** How many messages were posted only to see them arrive. */
  get probes(): number {
    return this.#probes;
  }

  /** Waits until the bridge has read every message so far, so that whatever it reads next is mirrored. */
  async #heard(admin: ConvexHttpClient): Promise<void> {
    const { channel, channelId } = this.probe;
    const text = `Can you hear number ${(++this.#probes).toString()}?`;
    this.stage.say(this.platform, channel, "Grace", text);
    await eventually(
      async () => {
        const newest = await admin.query(api.index.listLatestMessages, { channelId, limit: 1 });
        expect(newest).toMatchObject([{ content: text }]);
      },
      { interval: 50 },
    );
  }

  /** Waits until no frame has passed for a while, so that the next frames belong to this exchange. */
  async #quiet(ms: number): Promise<void> {
    const { wire } = stack[this.platform];
    const until = Date.now() + 5_000;
    while (Date.now() < until && Date.now() - (wire.at(-1)?.at ?? 0) < ms) await sleep(25);
  }
}

/** A frame of the exchange: the `nth` with its name, from 1. Its number among all frames would vary between runs. */
interface Frame {
  readonly name: string;
  readonly nth: number;
}

interface Kill {
  readonly frame: Frame;
  readonly side: "before" | "after";
}

const nameOf = ({ direction, name }: WireEntry) => `${direction} ${name}`;

/** Whether an entry is the frame. Counts the entries it is asked about. */
function nth(frame: Frame): (entry: WireEntry) => boolean {
  let seen = 0;
  return (entry) => nameOf(entry) === frame.name && ++seen === frame.nth;
}

async function until(isSo: () => boolean): Promise<void> {
  // Slack redelivers for the last time after 20 s.
  await eventually(() => expect(isSo()).toBe(true), { timeout: 60_000, interval: 10 });
}

/** Posts first: their outcome takes the longest to determine, and the other frames are played meanwhile. */
function framesOf(entries: readonly WireEntry[]): Frame[] {
  const counts = new Map<string, number>();
  const frames = entries.map((entry): Frame => {
    const name = nameOf(entry);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return { name, nth: count };
  });
  const isPost = ({ name }: Frame) => /postMessage|POST .*messages/.test(name);
  return [...frames.filter(isPost), ...frames.filter((frame) => !isPost(frame))];
}

test("killed before and after every frame of an exchange, the bridge loses nothing and posts nothing twice", async () => {
  const stage = new Stage(stack);
  const killed = new Set<string>();
  let probes = 0;
  await Promise.all(
    PLATFORMS.map(async (platform) => {
      const exchange = await Exchange.open(stage, platform);
      await exchange.start();
      const frames = await exchange.play();
      expect(frames.map(nameOf)).toEqual(expect.arrayContaining(EXPECTED[platform]));
      for (const frame of framesOf(frames)) {
        for (const side of ["before", "after"] as const) {
          const entries = await exchange.play({ frame, side });
          if (entries.some(nth(frame))) killed.add(`${platform}: ${side} ${frame.name}`);
        }
      }
      probes += exchange.probes;
    }),
  );
  for (const platform of PLATFORMS) {
    for (const frame of EXPECTED[platform]) {
      expect(killed).toContain(`${platform}: before ${frame}`);
      expect(killed).toContain(`${platform}: after ${frame}`);
    }
  }
  const verdict = await stage.settle(PATIENCE_MS, () => stage.judge(), 5_000);
  expect(verdict.differences).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, duplicated: 0 });
  // Each exchange has two questions and two answers.
  expect(verdict.replies).toBe(verdict.mirrored - probes);
  expect([...stack.discord.refused, ...stack.slack.refused]).toEqual([]);
}, 600_000);

/** Frames that every exchange has. */
const EXPECTED: Record<PlatformName, string[]> = {
  discord: [
    "out MESSAGE_CREATE",
    "in POST channels/:id/messages",
    "out POST channels/:id/messages",
  ],
  slack: ["out events_api", "in ack", "in chat.postMessage", "out chat.postMessage"],
};
