import type { Logger } from "pino";
import { Bridge } from "./core/bridge.ts";
import type { SigningKey } from "./core/convex/token.ts";
import type { QueueLimits } from "./core/ingest/queue.ts";
import { AiWatch } from "./core/ops/ai_watch.ts";
import type { HealthEndpoint, PlatformState } from "./core/ops/health_endpoint.ts";
import type { Metrics } from "./core/ops/metrics.ts";
import { failureLine, type Service } from "./core/ops/process.ts";
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
}

/** One platform in this process. A failed one keeps its bridge, so that a shutdown waits for it. */
type Run =
  | { readonly kind: "starting"; readonly bridge?: Bridge }
  | { readonly kind: "started"; readonly bridge: Bridge }
  | { readonly kind: "failed"; readonly bridge?: Bridge | undefined };

/**
 * Runs the configured platforms:
 *   starting   a failure stops all of them, so that it is noticed during deployment
 *   running    each fails alone; when the last one has failed, the supervisor stops
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
    void this.#stopAll();
  }

  async #startAll(): Promise<void> {
    const { platforms, healthPort } = this.#options;
    const metrics = healthPort === undefined ? undefined : await this.#serveHealth(healthPort);
    if (metrics) this.#ai.onChange = (state) => metrics.ai(state);
    await Promise.all(platforms.map((platform) => this.#startPlatform(platform, metrics)));
    if (this.#state === "starting") this.#state = "running";
  }

  async #startPlatform(configured: ConfiguredPlatform, metrics?: Metrics): Promise<void> {
    const { name, key, create } = configured;
    const log = this.#options.log.child({ platform: name });
    try {
      const platform = await create(log);
      if (this.#state === "stopping") return;
      const onFatal = (error: Error) => this.#fail(name, error);
      const { convexUrl, queue } = this.#options;
      const parts = { platform, convexUrl, key, log, onFatal, ai: this.#ai };
      const bridge = new Bridge({ ...parts, ...(queue && { queue }), ...(metrics && { metrics }) });
      this.#runs.set(name, { kind: "starting", bridge });
      await bridge.start();
      if (this.#runs.get(name)?.kind === "starting")
        this.#runs.set(name, { kind: "started", bridge });
    } catch (error) {
      this.#fail(name, error);
      throw error;
    }
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
    const othersRun = [...this.#runs.values()].some(({ kind }) => kind === "started");
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
  if (run.kind !== "started") return run.kind;
  return run.bridge.isConnected() ? "ready" : "away";
}

/** Returns whether the bridge stopped cleanly. */
async function stopBridge({ bridge }: Run): Promise<boolean> {
  return bridge === undefined || (await bridge.stop().catch(() => false));
}
