import { AsyncLocalStorage } from "node:async_hooks";
import type { Logger } from "pino";
import { Bridge } from "./core/bridge.ts";
import type { SigningKey } from "./core/convex/token.ts";
import type { QueueLimits } from "./core/ingest/queue.ts";
import { AiWatch } from "./core/ops/ai_watch.ts";
import type { HealthEndpoint, PlatformState } from "./core/ops/health_endpoint.ts";
import type { Metrics } from "./core/ops/metrics.ts";
import { failureLine, type Service } from "./core/ops/process.ts";
import { type Backoff, backoffMs, pause } from "./core/shared/backoff.ts";
import { failureCode, FatalError } from "./core/shared/errors.ts";
import type { Platform, PlatformName } from "./platform.ts";

/** A platform that is on, and how to create its adapter. */
export interface ConfiguredPlatform {
  readonly name: PlatformName;
  readonly key: SigningKey;
  readonly create: (log: Logger) => Promise<Platform>;
}

export interface SupervisorOptions {
  readonly platforms: readonly ConfiguredPlatform[];
  readonly convexUrl: string;
  readonly healthPort?: number | undefined;
  readonly log: Logger;
  /** Writes the one line about a fatal failure. */
  readonly printError: (line: string) => void;
  readonly queue?: Partial<QueueLimits> | undefined;
  /** Waits before a platform that crashed starts again. */
  readonly restart?: Backoff | undefined;
}

/** One platform in this process. One that failed or crashed keeps its bridge, so that a shutdown waits for it. */
type Run =
  | { readonly kind: "starting"; readonly bridge?: Bridge }
  | { readonly kind: "started"; readonly bridge: Bridge }
  | { readonly kind: "crashed" | "failed"; readonly bridge?: Bridge | undefined };

/** One start of a platform. */
interface Start {
  readonly name: PlatformName;
}

/**
 * The start whose code is running, also in the sockets, timers and promises that it has left. Only for more than one
 * platform: following it makes each promise twice as costly.
 */
const running = new AsyncLocalStorage<Start>();

/** Between a crash of a platform and its next start, in ms. */
const RESTART: Backoff = { first: 1_000, cap: 60_000 };
/** Crashes in a row after which a platform is given up. */
const MAX_CRASHES = 10;
/** After this long without a crash, in ms, the next one is the first of a new row. */
const QUIET_MS = 10 * 60_000;

/**
 * Runs the configured platforms:
 *   starting   a failure stops all of them, so that it is noticed during deployment
 *   running    each fails alone; when the last one has failed, the supervisor stops
 *   crashed    what a platform's library throws in its own handlers stops that platform, which starts again after a while
 *   stopping   every bridge shuts down, then the health endpoint closes
 */
export class Supervisor implements Service {
  readonly ended: Promise<number>;
  /** Resolves once every platform has started. Rejects with the first failure. */
  readonly ready: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #runs = new Map<PlatformName, Run>();
  #state: "starting" | "running" | "stopping" = "starting";
  /** One for all platforms: they share the deployment's AI. */
  readonly #ai: AiWatch;
  #exitCode = 0;
  #health: HealthEndpoint | undefined;
  #metrics: Metrics | undefined;
  /** The crashes in a row of each platform, and when the last one was (ms, monotonic). */
  readonly #crashes = new Map<PlatformName, { readonly count: number; readonly at: number }>();
  readonly #latest = new Map<PlatformName, Start>();
  /** The next start of each platform that crashed. */
  readonly #restarts = new Map<PlatformName, Promise<void>>();
  readonly #stopping = new AbortController();
  #end: (exitCode: number) => void = () => {};

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#ai = new AiWatch(options.log);
    this.ended = new Promise((resolve) => (this.#end = resolve));
    for (const { name } of options.platforms) this.#runs.set(name, { kind: "starting" });
    this.ready = this.#startAll();
    this.ready.catch(() => undefined);
  }

  /** Stops in order, within ten seconds; `ended` follows. */
  stop(): void {
    if (this.#state === "stopping") return;
    this.#state = "stopping";
    this.#stopping.abort();
    void this.#stopAll();
  }

  /**
   * Something was thrown that nothing caught. If a platform's code was running, only that platform is affected: it starts
   * again, with a new adapter, because what state its library is in is unknown. False: whose it is is unknown.
   */
  crashed(error: unknown): boolean {
    const [only, ...others] = this.#options.platforms;
    const start = only && others.length === 0 ? this.#latest.get(only.name) : running.getStore();
    const run = start && this.#runs.get(start.name);
    if (start === undefined || run === undefined || this.#state === "stopping") return false;
    const { name } = start;
    this.#metrics?.crash(name);
    this.#options.log.error({ err: error, platform: name }, `crashed: ${name}`);
    // What a library throws after its platform was closed says nothing of the one that was started since.
    const isCurrent = this.#latest.get(name) === start;
    if (isCurrent && (run.kind === "starting" || run.kind === "started"))
      this.#startAgain(name, run, error);
    return true;
  }

  async #startAll(): Promise<void> {
    const { platforms, healthPort } = this.#options;
    if (healthPort !== undefined) {
      const metrics = await this.#serveHealth(healthPort);
      this.#metrics = metrics;
      this.#ai.onChange = (state) => metrics.ai(state);
    }
    await Promise.all(platforms.map((platform) => this.#startPlatform(platform)));
    if (this.#state === "starting") this.#state = "running";
  }

  #startPlatform(configured: ConfiguredPlatform): Promise<void> {
    const start = { name: configured.name };
    this.#latest.set(start.name, start);
    if (this.#options.platforms.length === 1) return this.#start(configured);
    return running.run(start, () => this.#start(configured));
  }

  async #start({ name, key, create }: ConfiguredPlatform): Promise<void> {
    const isCurrent = () => this.#runs.get(name) === run;
    let run: Run = { kind: "starting" };
    this.#runs.set(name, run);
    const log = this.#options.log.child({ platform: name });
    try {
      const platform = await create(log);
      if (this.#state === "stopping" || !isCurrent()) return;
      const onFatal = (error: Error) => this.#fail(name, error);
      const { convexUrl, queue } = this.#options;
      const metrics = this.#metrics;
      const parts = { platform, convexUrl, key, log, onFatal, ai: this.#ai };
      const bridge = new Bridge({ ...parts, ...(queue && { queue }), ...(metrics && { metrics }) });
      run = { kind: "starting", bridge };
      this.#runs.set(name, run);
      await bridge.start();
      if (isCurrent()) this.#runs.set(name, { kind: "started", bridge });
    } catch (error) {
      const restart = isCurrent() ? undefined : this.#restarts.get(name);
      if (restart !== undefined) {
        await restart;
        return;
      }
      this.#fail(name, error);
      throw error;
    }
  }

  #startAgain(name: PlatformName, run: Run, error: unknown): void {
    const now = performance.now();
    const before = this.#crashes.get(name);
    const count = before !== undefined && now - before.at < QUIET_MS ? before.count + 1 : 1;
    this.#crashes.set(name, { count, at: now });
    if (count >= MAX_CRASHES) {
      // The start that is under way must not wait for itself.
      this.#restarts.delete(name);
      const reason = `${name} crashed ${count} times in a row (${failureCode(error)})`;
      const step = "See the log for where, report it with those lines, and start the bridge again";
      this.#fail(name, new FatalError("PLATFORM_CRASHED", reason, step));
      return;
    }
    const crashed: Run = { kind: "crashed", bridge: run.bridge };
    this.#runs.set(name, crashed);
    const restart = this.#restart(
      name,
      crashed,
      backoffMs(count, this.#options.restart ?? RESTART),
    );
    // A failure has been reported by then.
    restart.catch(() => undefined);
    this.#restarts.set(name, restart);
  }

  async #restart(name: PlatformName, crashed: Run, waitMs: number): Promise<void> {
    await stopBridge(crashed);
    await pause(waitMs, this.#stopping.signal);
    const configured = this.#options.platforms.find((each) => each.name === name);
    if (this.#state === "stopping" || this.#runs.get(name) !== crashed || !configured) return;
    await this.#startPlatform(configured);
  }

  /** Serves health and metrics. Both are loaded only if they are used. */
  async #serveHealth(port: number): Promise<Metrics> {
    const { Metrics } = await import("./core/ops/metrics.ts");
    const { serveHealth } = await import("./core/ops/health_endpoint.ts");
    const metrics = new Metrics();
    const states = () =>
      Object.fromEntries([...this.#runs].map(([name, run]) => [name, stateOf(run)]));
    try {
      this.#health = await serveHealth(port, metrics, states, () => this.#ai.state());
    } catch (error) {
      this.#exitCode = 1;
      this.#options.printError(failureLine(error));
      this.stop();
      throw error;
    }
    this.#options.log.info(
      { port: this.#health.port },
      "health endpoint on 127.0.0.1: /healthz, /metrics",
    );
    return metrics;
  }

  /** May be called twice for one failure: both of a platform's Convex connections report a refused identity. */
  #fail(name: PlatformName, error: unknown): void {
    const run = this.#runs.get(name);
    if (this.#state === "stopping" || run === undefined || run.kind === "failed") return;
    this.#exitCode = 1;
    this.#options.printError(failureLine(error));
    this.#options.log.error({ err: error, platform: name }, `failed: ${name}`);
    this.#runs.set(name, { kind: "failed", bridge: run.bridge });
    const othersRun = [...this.#runs.values()].some(({ kind }) => kind !== "failed");
    if (this.#state === "running" && othersRun) void stopBridge(run);
    else this.stop();
  }

  async #stopAll(): Promise<void> {
    const stopped = await Promise.all([...this.#runs.values()].map(stopBridge));
    await this.#health?.close();
    this.#end(stopped.every(Boolean) ? this.#exitCode : 1);
  }
}

function stateOf(run: Run): PlatformState {
  if (run.kind === "crashed") return "starting";
  if (run.kind !== "started") return run.kind;
  return run.bridge.isConnected() ? "ready" : "away";
}

/** Returns whether the bridge stopped cleanly. */
async function stopBridge({ bridge }: Run): Promise<boolean> {
  return bridge === undefined || (await bridge.stop().catch(() => false));
}
