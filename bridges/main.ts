import { pathToFileURL } from "node:url";
import type { Logger } from "pino";
import { type BridgesConfig, loadConfig, PLATFORM_SETTINGS, secretsOf } from "./config/config.ts";
import type { HealthEndpoint, PlatformState } from "./core/ops/health_endpoint.ts";
import { createLog } from "./core/ops/log.ts";
import type { Metrics } from "./core/ops/metrics.ts";
import { failureLine, runAsProcess, type Service } from "./core/ops/process.ts";
import type { QueueLimits } from "./core/ingest/queue.ts";
import { Bridge } from "./core/bridge.ts";
import type { SigningKey } from "./core/convex/token.ts";
import type { Platform, PlatformName } from "./platform.ts";

export interface BridgesOptions {
  readonly log?: Logger;
  /** Where the one line about a fatal failure goes. Default: standard error. */
  readonly complain?: (line: string) => void;
  /** Limits of every platform's queue, in place of the usual ones. */
  readonly queue?: Partial<QueueLimits>;
}

export interface Bridges extends Service {
  /** Resolves once every configured platform is connected; rejects with what kept one from it. */
  readonly ready: Promise<void>;
  /** Stops in order, within ten seconds; `ended` follows. */
  stop(): void;
}

/** Runs the configured bridges in this process, as `npm start` does, until `stop` or until only a person can help. */
export async function run(config: BridgesConfig): Promise<never> {
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
  return runAsProcess(startBridges(config, { log }), log);
}

/**
 * Starts the configured bridges without touching the process's signals or exit. A failure at the start stops them
 * all, so that whoever deploys sees it at once; once they run, each fails for itself.
 */
export function startBridges(config: BridgesConfig, options: BridgesOptions = {}): Bridges {
  const log = options.log ?? createLog({ level: config.logLevel, secrets: secretsOf(config) });
  const complain = options.complain ?? ((line) => process.stderr.write(`${line}\n`));
  const bridges = new Map<PlatformName, Bridge>();
  const failed = new Set<PlatformName>();
  const connected = new Set<PlatformName>();
  let health: HealthEndpoint | undefined;
  let state: "starting" | "running" | "stopping" = "starting";
  let code = 0;
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => (end = resolve));

  const stop = () => {
    if (state === "stopping") return;
    state = "stopping";
    void stopAll([...bridges.values()]).then(async (clean) => {
      await health?.close();
      end(clean ? code : 1);
    });
  };
  const fail = (error: unknown, name: PlatformName) => {
    // Both of a platform's Convex clients tell of a refused identity.
    if (state === "stopping" || failed.has(name)) return;
    failed.add(name);
    code = 1;
    complain(failureLine(error));
    log.error({ err: error, platform: name }, `failed: ${name}`);
    const bridge = bridges.get(name);
    if (state === "running" && bridges.size > 1 && bridge) {
      bridges.delete(name);
      void bridge.stop().catch(() => false);
    } else {
      stop();
    }
  };
  const stateOf = (name: PlatformName): PlatformState => {
    if (failed.has(name)) return "failed";
    if (!connected.has(name)) return "starting";
    return bridges.get(name)?.isConnected() === true ? "ready" : "away";
  };
  const openHealth = async (port: number): Promise<Metrics> => {
    const { Metrics } = await import("./core/ops/metrics.ts");
    const { serveHealth } = await import("./core/ops/health_endpoint.ts");
    const metrics = new Metrics();
    const names = configured(config).map(({ name }) => name);
    const states = () => Object.fromEntries(names.map((name) => [name, stateOf(name)]));
    try {
      health = await serveHealth({ port, metrics, states });
    } catch (error) {
      code = 1;
      complain(failureLine(error));
      stop();
      throw error;
    }
    log.info({ port: health.port }, "health endpoint on 127.0.0.1: /healthz, /metrics");
    return metrics;
  };
  const start = async ({ name, key, create }: Configured, metrics?: Metrics) => {
    const platformLog = log.child({ platform: name });
    try {
      const platform = await create(platformLog);
      const onFatal = (error: Error) => {
        fail(error, name);
      };
      const { convexUrl } = config;
      if (state === "stopping") return;
      const bridge = new Bridge({
        platform,
        convexUrl,
        key,
        log: platformLog,
        onFatal,
        ...(options.queue && { queue: options.queue }),
        ...(metrics && { metrics }),
      });
      bridges.set(name, bridge);
      await bridge.start();
      connected.add(name);
    } catch (error) {
      fail(error, name);
      throw error;
    }
  };

  for (const line of startupLines(config)) log.info(line);
  const ready = startAll();
  async function startAll(): Promise<void> {
    const { healthPort } = config;
    const metrics = healthPort === undefined ? undefined : await openHealth(healthPort);
    await Promise.all(configured(config).map((platform) => start(platform, metrics)));
    if (state === "starting") state = "running";
  }
  ready.catch(() => undefined);
  return { ready, ended, stop };
}

interface Configured {
  readonly name: PlatformName;
  readonly key: SigningKey;
  readonly create: (log: Logger) => Promise<Platform>;
}

/** The platforms that are on. Each adapter is loaded only then: the libraries under it are large. */
function configured({ discord, slack }: BridgesConfig): Configured[] {
  const platforms: Configured[] = [];
  if (discord) {
    platforms.push({
      name: "discord",
      key: discord.key,
      create: async (log) => {
        const { createDiscord } = await import("./discord/adapter.ts");
        return createDiscord(discord.platform, log);
      },
    });
  }
  if (slack) {
    platforms.push({
      name: "slack",
      key: slack.key,
      create: async (log) => {
        const { createSlack } = await import("./slack/adapter.ts");
        return createSlack(slack.platform, log);
      },
    });
  }
  return platforms;
}

function startupLines(config: BridgesConfig): string[] {
  return (["discord", "slack"] as const).map((name) =>
    config[name] ? `${name}: on` : `${name}: off (set ${PLATFORM_SETTINGS[name].join(", ")})`,
  );
}

async function stopAll(bridges: readonly Bridge[]): Promise<boolean> {
  const stopped = await Promise.all(bridges.map((bridge) => bridge.stop().catch(() => false)));
  return stopped.every(Boolean);
}

async function main(): Promise<void> {
  const config = loadConfig();
  switch (config.kind) {
    case "bridges":
      return run(config);
    case "playground":
      process.stderr.write(
        "error: no platform is configured. See .env.example, or run npm start\n",
      );
      break;
    case "invalid":
      for (const { name, problem, step } of config.problems) {
        process.stderr.write(`error: ${name} ${problem}. ${step}\n`);
      }
  }
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
