import { api } from "../../../convex/_generated/api.js";
import { Stage, sleep } from "../demo/stage.ts";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import { type Verdict, withRelay } from "../demo/verdict.ts";
import { startStack, type Stack } from "../../stand_ins/stack.ts";
import { judgeCoverage } from "./coverage.ts";
import { BridgePool, PROCESS_LAYOUTS } from "./bridge_pool.ts";
import { Random } from "./random.ts";
import { Traffic } from "./traffic.ts";
import { FAULTS, RELAY_FAULTS, STREAM_FAULTS } from "./faults.ts";
import { judgeRelay } from "./relay_verdict.ts";
import { judgeStreams } from "./stream_verdict.ts";
import { streamedBy } from "./streams.ts";

export interface SoakOptions {
  readonly messages: number;
  readonly kills: number;
  readonly seed: number;
  /** Whether the channels of both platforms are one conversation, instead of being answered by the AI. */
  readonly relay?: boolean;
  /** Whether people watch answers being written. */
  readonly stream?: boolean;
  /** How long to wait without progress before missing messages count as lost, in ms. Exceeds lease and quarantine. */
  readonly idleTimeoutMs: number;
  readonly print: (line: string) => void;
}

const PROGRESS_MS = 5_000;
const MESSAGE_EVERY_MS = 45;
/** Streamed answers take longer, and so fewer of them are written. */
const STREAMED_MESSAGE_EVERY_MS = 150;
/** https://docs.slack.dev/reference/methods/chat.update */
const SLOW_EDITS = { updateLimit: { requests: 50, windowMs: 60_000 } };
const LIMITS = {
  AI_REPLIES_PER_DAY: "100000",
  AI_REPLIES_PER_AUTHOR: "100000",
  AI_REPLIES_PER_CHANNEL: "100000",
};

/** Runs random traffic, kills and faults on a stack of its own. Returns whether the verdict has no differences. */
export async function runSoak(options: SoakOptions): Promise<boolean> {
  const { print, seed } = options;
  print(`seed ${seed.toString()}: starting`);
  const stack = await startStack({
    convexEnv: LIMITS,
    // Slack's schedule, shortened. Even on a busy machine a killed bridge is back before the last attempt.
    slack: { redeliverAfterMs: [0, 8_000, 60_000], seed, ...(options.stream && SLOW_EDITS) },
    ...(options.stream && { openai: { streaming: streamedBy(new Random(seed)) } }),
  });
  try {
    const soak = new Soak(stack, options);
    await soak.run();
    return await soak.conclude();
  } finally {
    await stack.stop();
  }
}

class Soak {
  readonly #random: Random;
  readonly #stage: Stage;
  readonly #pool: BridgePool;
  readonly #traffic: Traffic;
  readonly #activeFaults = new Set<Promise<unknown>>();
  #faults = 0;
  /** Of the bot's posts, as people have seen them. */
  #edits = 0;
  /** Whether a kill is planned at a frame. */
  #isKillPlanned = false;

  constructor(
    private readonly stack: Stack,
    private readonly options: SoakOptions,
  ) {
    this.#random = new Random(options.seed);
    this.#stage = new Stage(stack);
    this.#pool = new BridgePool(stack, this.#random.pick(PROCESS_LAYOUTS));
    this.#traffic = new Traffic(this.#stage, this.#random, options.stream);
    for (const chat of [stack.discord, stack.slack])
      chat.onChange(({ kind, message }) => {
        if (kind === "edited" && message.fromBot && !message.inPersona) this.#edits += 1;
      });
  }

  async run(): Promise<void> {
    const { messages, kills, print, stream = false } = this.options;
    const everyMs = stream ? STREAMED_MESSAGE_EVERY_MS : MESSAGE_EVERY_MS;
    if (this.options.relay) await this.#traffic.prepareRelay();
    else await this.#traffic.prepare();
    await this.#pool.start();
    print(`${this.#pool.size.toString()} bridge process(es)`);
    const start = Date.now();
    let [killAfter, nextFault, nextProgress] = [500, 0, start + PROGRESS_MS];
    const ended = () => this.#traffic.count >= messages && this.#pool.kills >= kills;
    while (!ended()) {
      const now = Date.now();
      // On a busy machine kills take longer, and the traffic slows down with them.
      const due = Math.min(
        (now - start) / everyMs,
        (messages * (this.#pool.kills + 1)) / (kills + 1),
      );
      while (this.#traffic.count < Math.ceil(due)) this.#traffic.act();
      if (this.#pool.kills < kills && !this.#isKillPlanned && this.#pool.upFor >= killAfter) {
        this.#kill();
        killAfter = this.#random.between(200, 4_000);
      }
      if (now >= nextFault && this.#traffic.count < messages) {
        this.#fault();
        nextFault = now + this.#random.between(500, 2_500);
      }
      if (now >= nextProgress) {
        print(this.#progress());
        nextProgress = now + PROGRESS_MS;
      }
      await sleep(this.#random.between(5, 40));
    }
    await Promise.all(this.#activeFaults);
    await this.#pool.complete();
    print(`${this.#progress()}; waiting for the bridge to finish`);
  }

  async conclude(): Promise<boolean> {
    const { print, idleTimeoutMs, relay = false, stream = false } = this.options;
    const verdict = await this.#stage.settle(idleTimeoutMs, () => this.#judge(), 1_000);
    const counts = [
      `seed=${this.options.seed.toString()}`,
      `messages=${this.#traffic.count.toString()}`,
      relay ? `relayed=${verdict.relayed.toString()}` : `mirrored=${verdict.mirrored.toString()}`,
      ...(relay && !stream ? [] : [`replies=${verdict.replies.toString()}`]),
      ...(stream ? [`edits=${this.#edits.toString()}`] : []),
      `kills=${this.#pool.kills.toString()}`,
      `faults=${this.#faults.toString()}`,
      `lost=${verdict.lost.toString()}`,
      `duplicated=${verdict.duplicated.toString()}`,
      ...(relay ? [`inverted=${verdict.inverted.toString()}`] : []),
    ].join(" ");
    for (const difference of verdict.differences) print(difference);
    const ok = verdict.differences.length === 0;
    if (!ok) await this.#explain();
    this.#pool.expectExits();
    print(`soak ${ok ? "ok" : "failed"}: ${counts}`);
    return ok;
  }

  /** What the deployment says of deliveries that failed: the cause of most differences. */
  async #explain(): Promise<void> {
    const { failed } = await (await this.stack.adminClient()).query(api.admin.status, {});
    for (const { deliveryId, channelName, code = "", reason = "" } of failed)
      this.options.print(`failed delivery ${deliveryId} to ${channelName}: ${code}, ${reason}`);
  }

  async #judge(): Promise<Verdict> {
    const { stack } = this;
    const rows = await this.#stage.rows();
    const verdict = this.options.relay ? this.#judgeRelay(rows) : this.#stage.judgeRows(rows);
    const refused = [...stack.discord.refused, ...stack.slack.refused, ...stack.openai.refused];
    return {
      ...verdict,
      differences: [
        ...verdict.differences,
        ...judgeCoverage(this.#stage.records(), rows, stack.openai.requests),
        ...refused.map((request) => `refused: a stand-in does not implement ${request}`),
        ...this.#pool.unexpectedExits,
      ],
    };
  }

  #judgeRelay(rows: readonly TranscriptRow[]): Verdict {
    const storedAt = rows.map(
      ({ externalId = "", _creationTime: at }) => [externalId, at] as const,
    );
    const [discord, slack] = this.#stage
      .records()
      .map((record) => ({ ...record, chat: this.stack.chat(record.platform) }));
    if (!discord || !slack) throw new Error("nothing is relayed");
    const verdict = judgeRelay([discord, slack], new Map(storedAt));
    return this.options.stream ? withRelay(verdict, judgeStreams([discord, slack], rows)) : verdict;
  }

  /** Kills at once, or after one of the next frames, in the middle of an operation. */
  #kill(): void {
    const random = this.#random;
    const all = [...Array(this.#pool.size).keys()];
    const victims = random.chance(0.25) ? all : [random.pick(all)];
    const restMs = random.between(0, 1_500);
    const kill = () => {
      for (const victim of victims) this.#pool.kill(victim, restMs);
    };
    if (random.chance(0.4)) return kill();
    const { faults, wire } = random.pick([this.stack.discord, this.stack.slack]);
    this.#isKillPlanned = true;
    const cancel = faults.at(wire.length + random.between(1, 12), "after", kill);
    // Without traffic that frame may never come.
    setTimeout(() => {
      cancel();
      this.#isKillPlanned = false;
    }, 2_000);
  }

  #fault(): void {
    const { relay, stream } = this.options;
    const faults = { ...FAULTS, ...(relay && RELAY_FAULTS), ...(stream && STREAM_FAULTS) };
    const fault = this.#random.pick(Object.values(faults));
    this.#faults += 1;
    const active = fault(this.stack, this.#random, this.#pool).finally(() =>
      this.#activeFaults.delete(active),
    );
    this.#activeFaults.add(active);
  }

  #progress(): string {
    const { messages, kills } = this.options;
    return [
      `messages ${this.#traffic.count.toString()}/${messages.toString()}`,
      `kills ${this.#pool.kills.toString()}/${kills.toString()}`,
      `faults ${this.#faults.toString()}`,
      `posts ${(this.stack.discord.posts.length + this.stack.slack.posts.length).toString()}`,
    ].join(", ");
  }
}
