import type { Logger } from "pino";
import { type BridgesConfig, PLATFORM_SETTINGS, secretsOf } from "./config/config.ts";
import type { QueueLimits } from "./core/ingest/queue.ts";
import { createLog } from "./core/ops/log.ts";
import { runAsProcess, writeLine } from "./core/ops/process.ts";
import { type ConfiguredPlatform, Supervisor } from "./supervisor.ts";

export interface BridgesOptions {
  readonly log?: Logger;
  /** Writes the one line about a fatal failure. Default: to standard error. */
  readonly printError?: (line: string) => void;
  /** Limits of every platform's queue, in place of the defaults. */
  readonly queue?: Partial<QueueLimits>;
}

export type Bridges = Pick<Supervisor, "ready" | "ended" | "stop">;

/** Runs the configured bridges in this process, as `npm start` does, until they stop or only an admin can help. */
export async function run(config: BridgesConfig): Promise<never> {
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
  return runAsProcess(startBridges(config, { log }), log);
}

/**
 * Starts the configured bridges without changing the process's signal handlers or exit. A failure at the start stops all
 * of them, so that it is noticed during deployment; afterwards each platform fails alone.
 */
export function startBridges(config: BridgesConfig, options: BridgesOptions = {}): Bridges {
  const log = options.log ?? createLog({ level: config.logLevel, secrets: secretsOf(config) });
  for (const line of startupLines(config)) log.info(line);
  return new Supervisor({
    platforms: configuredPlatforms(config),
    convexUrl: config.convexUrl,
    healthPort: config.healthPort,
    log,
    printError: options.printError ?? ((line) => writeLine(process.stderr, `${line}\n`)),
    queue: options.queue,
  });
}

/** The platforms that are on. Each adapter is loaded only if it is used: its libraries are large. */
function configuredPlatforms({ discord, slack }: BridgesConfig): ConfiguredPlatform[] {
  const platforms: ConfiguredPlatform[] = [];
  if (discord) {
    platforms.push({
      name: "discord",
      key: discord.key,
      create: async (log) => {
        const { Discord } = await import("./discord/adapter.ts");
        return new Discord(discord.platform, log);
      },
    });
  }
  if (slack) {
    platforms.push({
      name: "slack",
      key: slack.key,
      create: async (log) => {
        const { Slack } = await import("./slack/adapter.ts");
        return new Slack(slack.platform, log);
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
