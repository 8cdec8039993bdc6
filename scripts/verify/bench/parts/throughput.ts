import { atLeast, atMost, figure, type Part, type Row } from "../part.ts";
import { type Child, startProgram } from "../bridge_child.ts";
import { type PlatformStub, type Rig, startRig } from "../stubs/rig.ts";
import { type ConvexStub, eventsOf, startConvexStub } from "../stubs/convex.ts";
import { DISCORD_CHANNEL, startDiscordStub } from "../stubs/discord.ts";

/** The latencies of a call to Convex, in ms. */
const LATENCIES = [0, 20, 100] as const;
/** Events sent and not yet processed: ten batches, so that the bridge never waits for events. */
const WINDOW = 1_000;
const WARM_UP = 5_000;
/** How long each rate is measured, in ms. */
const MEASURE_MS = 2_500;
const PEOPLE = 1_000;

interface Rate {
  readonly perSecond: number;
  /** Processor time of the process, per event, in µs. */
  readonly cpuEach: number;
}

interface BridgeRate extends Rate {
  /** `ingest` calls per event. */
  readonly callsEach: number;
}

/** Messages per second through the bridge, compared with two simpler clients in the same run. */
export const throughput: Part = {
  name: "throughput",
  async run(progress) {
    const rows: Row[] = [];
    progress("discord.js alone");
    const alone = await discordJsAlone();
    rows.push({ what: "discord.js alone, empty handler", measured: describe(alone), data: alone });
    const bridge = await bridgeRates("discord", progress);
    for (const latency of LATENCIES) {
      progress(`one awaited mutation per event at ${latency} ms`);
      const plain = await awaitedMutations(latency);
      const own = bridge.get(latency);
      if (!own) continue;
      const ratio = own.perSecond / plain.perSecond;
      rows.push({
        what: `one awaited mutation per event at ${latency} ms`,
        measured: describe(plain),
        data: plain,
      });
      rows.push({
        what: `discord: mirrored at ${latency} ms, compared with that`,
        measured: `${figure(ratio)}x: ${describeBridge(own)}`,
        ...(latency === 20 && { budget: atLeast(40, ratio, "x") }),
        data: { ...own, ratio },
      });
    }
    const atOnce = bridge.get(0);
    const share = (atOnce?.perSecond ?? 0) / alone.perSecond;
    const cpu = (atOnce?.cpuEach ?? NaN) / alone.cpuEach;
    rows.push({
      what: "discord: mirrored without latency, compared with discord.js alone",
      measured: `${figure(share)}x`,
      budget: atLeast(0.45, share, "x"),
      data: { share },
    });
    rows.push({
      what: "discord: processor time each, compared with discord.js alone",
      measured: `${figure(cpu)}x`,
      budget: atMost(2.2, cpu, "x"),
      data: { cpu },
    });
    for (const [latency, own] of await bridgeRates("slack", progress)) {
      rows.push({
        what: `slack: mirrored at ${latency} ms`,
        measured: describeBridge(own),
        data: own,
      });
    }
    return rows;
  },
};

async function bridgeRates(name: "discord" | "slack", progress: (line: string) => void) {
  const rates = new Map<number, BridgeRate>();
  const rig = await startRig(name);
  try {
    for (const latency of LATENCIES) {
      progress(`${name} at ${latency} ms`);
      rates.set(latency, await bridgeRate(rig, latency));
    }
  } finally {
    await rig.stop();
  }
  return rates;
}

async function bridgeRate(rig: Rig, latencyMs: number): Promise<BridgeRate> {
  rig.convex.latencyMs = latencyMs;
  let ingested = 0;
  let calls = 0;
  const stop = rig.onMutation((mutation) => {
    if (mutation.path !== "bridge:ingest") return;
    calls += 1;
    ingested += eventsOf(mutation).length;
  });
  const flow = new Flow(rig.platform, rig.channel, () => ingested);
  await flow.pass(latencyMs === 0 ? WARM_UP : WINDOW);
  const before = { calls, ingested };
  const rate = await flow.rate(rig.bridge);
  const callsEach = (calls - before.calls) / (ingested - before.ingested);
  await flow.drain();
  stop();
  rig.convex.latencyMs = 0;
  return { ...rate, callsEach };
}

async function discordJsAlone(): Promise<Rate> {
  const stub = await startDiscordStub();
  const child = await startPlainClient({ MODE: "empty" }, stub.env);
  try {
    let handled = 0;
    child.process.on("message", (count) => {
      if (typeof count === "number") handled = count;
    });
    const flow = new Flow(stub, DISCORD_CHANNEL, () => handled);
    await flow.pass(WARM_UP);
    return await flow.rate(child);
  } finally {
    await child.stop();
    await stub.stop();
  }
}

async function awaitedMutations(latencyMs: number): Promise<Rate> {
  const [stub, convex] = await Promise.all([startDiscordStub(), startConvexStub()]);
  const child = await startPlainClient({ MODE: "awaited", CONVEX_URL: convex.url }, stub.env);
  try {
    const ingested = countEvents(convex);
    convex.latencyMs = latencyMs;
    const flow = new Flow(stub, DISCORD_CHANNEL, ingested, 500);
    await flow.pass(latencyMs === 0 ? WARM_UP : 20);
    return await flow.rate(child);
  } finally {
    await child.stop();
    await Promise.all([stub.stop(), convex.stop()]);
  }
}

function countEvents(convex: ConvexStub): () => number {
  let ingested = 0;
  convex.onMutation = (mutation) => {
    ingested += eventsOf(mutation).length;
  };
  return () => ingested;
}

async function startPlainClient(
  env: Readonly<Record<string, string>>,
  stubEnv: Readonly<Record<string, string>>,
): Promise<Child> {
  return await startProgram("plain_client.ts", { ...env, ...stubEnv });
}

/** Sends messages as fast as they are processed. */
class Flow {
  #sent: number;

  constructor(
    private readonly platform: PlatformStub,
    private readonly channel: string,
    private readonly through: () => number,
    private readonly window = WINDOW,
  ) {
    this.#sent = through();
  }

  /** Sends until `messages` more are processed. */
  async pass(messages: number): Promise<void> {
    const target = this.through() + messages;
    while (this.through() < target) await this.#turn();
  }

  /** The messages processed per second over a fixed time, and their processor time. */
  async rate(child: Child): Promise<Rate> {
    const before = this.through();
    const cpuBefore = child.cpuMs();
    const start = performance.now();
    while (performance.now() - start < MEASURE_MS) await this.#turn();
    const passed = this.through() - before;
    const perSecond = (passed / (performance.now() - start)) * 1000;
    return { perSecond, cpuEach: ((child.cpuMs() - cpuBefore) * 1000) / passed };
  }

  async drain(): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.through() < this.#sent && performance.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #turn(): Promise<void> {
    // In small batches, because this process also reads the results.
    for (let n = 0; n < 200 && this.#sent - this.through() < this.window; n++) {
      this.platform.send(this.platform.frame(this.channel, this.#sent++ % PEOPLE));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function describe({ perSecond, cpuEach }: Rate): string {
  return `${figure(perSecond)} messages/s, ${figure(cpuEach)} µs of processor time each`;
}

function describeBridge(rate: BridgeRate): string {
  return `${describe(rate)}, ${figure(rate.callsEach)} calls each`;
}
