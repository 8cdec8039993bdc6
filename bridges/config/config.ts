import { type Env, readEnvFiles, UnreadableSettings } from "./env_files.ts";
import {
  type ConfigProblem,
  type LogLevel,
  SettingsReader,
  type SettingName,
  type ShardRange,
} from "./settings.ts";
import type { SigningKey } from "../core/convex/token.ts";

/** What the Discord adapter needs. */
export interface DiscordConfig {
  readonly botToken: string;
  /** Address of Discord's REST API. Default: Discord itself. */
  readonly apiUrl?: string;
  /** The shards that this process takes. Default: all. */
  readonly shards?: ShardRange;
}

/** What the Slack adapter needs. */
export interface SlackConfig {
  readonly botToken: string;
  readonly appToken: string;
  /** Address of Slack's Web API. Default: Slack itself. */
  readonly apiUrl?: string;
}

/** At least one platform is on, and every setting is valid. */
export interface BridgesConfig {
  readonly kind: "bridges";
  readonly convexUrl: string;
  readonly logLevel: LogLevel;
  /** Port of the health endpoint on loopback; off if absent. 0: any free port, which the log names. */
  readonly healthPort?: number;
  readonly discord?: { readonly platform: DiscordConfig; readonly key: SigningKey };
  readonly slack?: { readonly platform: SlackConfig; readonly key: SigningKey };
}

/** Every missing or invalid setting. */
interface InvalidConfig {
  readonly kind: "invalid";
  readonly problems: readonly ConfigProblem[];
}

/** What `npm start` runs. */
export type Config =
  { readonly kind: "playground"; readonly logLevel: LogLevel } | BridgesConfig | InvalidConfig;

/** What the admin commands use. */
export type AdminConfig =
  | { readonly kind: "none" }
  | { readonly kind: "admin"; readonly convexUrl: string; readonly key: SigningKey }
  | InvalidConfig;

/**
 * The process environment overrides `.env.local`, which overrides `.env`. Changes none of them. Throws
 * `UnreadableSettings`.
 */
export function readEnv(processEnv: Env = process.env, files: Env = readEnvFiles()): Env {
  return { ...files, ...processEnv };
}

/** The settings of each platform. It is on if any of them is set, and then needs all of them. */
export const PLATFORM_SETTINGS = {
  discord: ["DISCORD_BOT_TOKEN", "DISCORD_BRIDGE_KEY"],
  slack: ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_BRIDGE_KEY"],
} as const;

/**
 * What to run: the playground if no platform is configured, the bridges, or every problem at once. Addresses
 * (`*_API_URL`) and CONVEX_URL alone do not turn a platform on. Reads the environment unless `given`.
 */
export function loadConfig(given?: Env): Config {
  const env = given ?? envOrProblem();
  if (env instanceof UnreadableSettings) return invalid(env);
  const reader = new SettingsReader(env);
  const logLevel = reader.optional("LOG_LEVEL") ?? "info";
  const healthPort = reader.optional("HEALTH_PORT");
  const isOn = (names: readonly SettingName[]) => names.some((name) => reader.has(name));
  const discordOn = isOn(PLATFORM_SETTINGS.discord);
  const slackOn = isOn(PLATFORM_SETTINGS.slack);
  const convexUrl = discordOn || slackOn ? reader.required("CONVEX_URL") : undefined;
  const discord = discordOn ? readDiscord(reader) : undefined;
  const slack = slackOn ? readSlack(reader) : undefined;

  if (reader.problems.length > 0) return { kind: "invalid", problems: reader.problems };
  if (convexUrl === undefined) return { kind: "playground", logLevel };
  return {
    kind: "bridges",
    convexUrl,
    logLevel,
    ...(healthPort !== undefined && { healthPort }),
    ...(discord && { discord }),
    ...(slack && { slack }),
  };
}

/** The settings of the admin commands. `none`: neither they nor a platform are configured, so the playground runs. */
export function loadAdminConfig(given?: Env): AdminConfig {
  const env = given ?? envOrProblem();
  if (env instanceof UnreadableSettings) return invalid(env);
  const reader = new SettingsReader(env);
  const platformSettings = Object.values(PLATFORM_SETTINGS).flat();
  if (!reader.has("ADMIN_KEY") && !platformSettings.some((name) => reader.has(name))) {
    return { kind: "none" };
  }
  const convexUrl = reader.required("CONVEX_URL");
  const adminKey = reader.required("ADMIN_KEY");
  if (convexUrl === undefined || adminKey === undefined) {
    return { kind: "invalid", problems: reader.problems };
  }
  return { kind: "admin", convexUrl, key: adminKey };
}

function envOrProblem(): Env | UnreadableSettings {
  try {
    return readEnv();
  } catch (error) {
    if (error instanceof UnreadableSettings) return error;
    throw error;
  }
}

function invalid({ file, problem, step }: UnreadableSettings): InvalidConfig {
  return { kind: "invalid", problems: [{ name: file, problem, step }] };
}

/** Every secret in `config`, for the log to redact. */
export function secretsOf(config: BridgesConfig): string[] {
  const { discord, slack } = config;
  return [
    ...(discord ? [discord.platform.botToken, discord.key.d] : []),
    ...(slack ? [slack.platform.botToken, slack.platform.appToken, slack.key.d] : []),
  ];
}

function readDiscord(reader: SettingsReader): BridgesConfig["discord"] {
  const botToken = reader.required("DISCORD_BOT_TOKEN");
  const signingKey = reader.required("DISCORD_BRIDGE_KEY");
  const apiUrl = reader.optional("DISCORD_API_URL");
  const shards = reader.optional("DISCORD_SHARDS");
  if (botToken === undefined || signingKey === undefined) return undefined;
  const platform = { botToken, ...(apiUrl && { apiUrl }), ...(shards && { shards }) };
  return { platform, key: signingKey };
}

function readSlack(reader: SettingsReader): BridgesConfig["slack"] {
  const botToken = reader.required("SLACK_BOT_TOKEN");
  const appToken = reader.required("SLACK_APP_TOKEN");
  const signingKey = reader.required("SLACK_BRIDGE_KEY");
  const apiUrl = reader.optional("SLACK_API_URL");
  if (botToken === undefined || appToken === undefined || signingKey === undefined) {
    return undefined;
  }
  return { platform: { botToken, appToken, ...(apiUrl && { apiUrl }) }, key: signingKey };
}
