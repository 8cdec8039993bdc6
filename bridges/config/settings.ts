import { z } from "zod";
import type { Env } from "./env_files.ts";
import { parseSigningKey, type SigningKey } from "../core/convex/token.ts";

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A setting that is missing or invalid, and the step that fixes it. Contains no value. */
export interface ConfigProblem {
  readonly name: string;
  readonly problem: string;
  readonly step: string;
}

const token = (prefix: string) =>
  z
    .string()
    .regex(/^\S+$/, "has spaces or line breaks in it")
    // No request can carry it.
    .regex(/^[!-~]*$/, "has signs in it that no token has, such as curved quotation marks")
    .startsWith(prefix, `does not start with ${prefix}`);
/** Requests to an address with a user name or password fail, and their errors quote it. */
const webAddress = z
  .url({ protocol: /^https?$/, error: "is not an http or https address" })
  .refine((url) => !/\/\/[^/?#]*@/.test(url), {
    error: "has a user name or password in it, which requests can't carry",
  });
/** Paths are appended to it, also by the Convex client, and an address with two slashes is another address. */
const convexAddress = webAddress
  .refine((url) => !/\.convex\.site(?=$|[:/])/.test(url), {
    error:
      "is the address of the deployment's HTTP actions (.convex.site); its own ends in .convex.cloud",
  })
  .transform((url) => url.replace(/\/+$/, ""));
const key = z.string().transform((text, context) => {
  const parsed = parseSigningKey(text);
  if (parsed) return parsed;
  context.addIssue({
    code: "custom",
    message: "is not a private P-256 key as a JWK in JSON (kty, crv, x, y, d, kid)",
  });
  return z.NEVER;
});
/** Some of a bot's shards: `first-last/count`, or `shard/count`. */
export interface ShardRange {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}
const shards = z.string().transform((text, context): ShardRange => {
  const [, start, end = start, of] = /^(\d{1,5})(?:-(\d{1,5}))?\/(\d{1,5})$/.exec(text) ?? [];
  const [first, last, count] = [Number(start), Number(end), Number(of)];
  if (first <= last && last < count) return { first, last, count };
  context.addIssue({ code: "custom", message: "is not a range of shards such as 0-3/16" });
  return z.NEVER;
});
const keyStep = (keySet: string) =>
  `npm run setup creates it, or set the private key whose public half is in the deployment's ${keySet}.`;

interface Values {
  CONVEX_URL: string;
  DISCORD_BOT_TOKEN: string;
  DISCORD_BRIDGE_KEY: SigningKey;
  DISCORD_API_URL: string;
  DISCORD_SHARDS: ShardRange;
  SLACK_BOT_TOKEN: string;
  SLACK_APP_TOKEN: string;
  SLACK_BRIDGE_KEY: SigningKey;
  SLACK_API_URL: string;
  ADMIN_KEY: SigningKey;
  LOG_LEVEL: LogLevel;
  HEALTH_PORT: number;
}
export type SettingName = keyof Values;

/** Each setting: how to validate it, and the step that fixes a missing or invalid one. */
const SETTINGS: {
  readonly [Name in SettingName]: { schema: z.ZodType<Values[Name]>; step: string };
} = {
  CONVEX_URL: {
    schema: convexAddress,
    step: "npm run setup sets it, or copy the deployment's URL from the Convex dashboard.",
  },
  DISCORD_BOT_TOKEN: {
    schema: token("")
      .regex(/^(?!xox|xapp-)/, "is a token of Slack")
      .regex(/^(?!\d+$)/, "is an id, not a token"),
    step: "Discord Developer Portal > your app > Bot > Reset Token.",
  },
  DISCORD_BRIDGE_KEY: { schema: key, step: keyStep("DISCORD_BRIDGE_JWKS") },
  DISCORD_API_URL: { schema: webAddress, step: "Remove it to use Discord itself." },
  DISCORD_SHARDS: {
    schema: shards,
    step: "Remove it so that this process takes every shard, or name a part, such as 0-3/16.",
  },
  SLACK_BOT_TOKEN: {
    schema: token("xoxb-"),
    step: "api.slack.com/apps > your app > OAuth & Permissions > Bot User OAuth Token.",
  },
  SLACK_APP_TOKEN: {
    schema: token("xapp-"),
    step: "api.slack.com/apps > your app > Basic Information > App-Level Tokens (scope connections:write).",
  },
  SLACK_BRIDGE_KEY: { schema: key, step: keyStep("SLACK_BRIDGE_JWKS") },
  SLACK_API_URL: { schema: webAddress, step: "Remove it to use Slack itself." },
  ADMIN_KEY: { schema: key, step: keyStep("ADMIN_JWKS") },
  LOG_LEVEL: {
    schema: z.enum(LOG_LEVELS, `is not one of ${LOG_LEVELS.join(", ")}`),
    step: "Remove it for the default, info.",
  },
  HEALTH_PORT: {
    schema: z
      .string()
      .regex(/^\d{1,5}$/, "is not a port number")
      .transform(Number)
      .refine((port) => port <= 65_535, "is not a port number"),
    step: "Remove it to turn the health endpoint off, or set a free port.",
  },
};

/** The names of all settings. */
export const SETTING_NAMES = Object.keys(SETTINGS).filter(isSettingName);

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** Reads settings one by one and collects every problem, so that one run reports them all. */
export class SettingsReader {
  readonly problems: ConfigProblem[] = [];

  constructor(private readonly env: Env) {}

  has(name: SettingName): boolean {
    return this.text(name) !== "";
  }

  /** Adds a problem if the setting is missing or invalid. */
  required<Name extends SettingName>(name: Name): Values[Name] | undefined {
    if (!this.has(name)) this.add(name, "is not set");
    return this.optional(name);
  }

  /** Undefined if it is not set. Adds a problem if it is invalid. */
  optional<Name extends SettingName>(name: Name): Values[Name] | undefined {
    if (!this.has(name)) return undefined;
    const parsed = SETTINGS[name].schema.safeParse(this.text(name));
    if (parsed.success) return parsed.data;
    this.add(name, parsed.error.issues[0]?.message ?? "is malformed");
    return undefined;
  }

  private text(name: SettingName): string {
    return this.env[name]?.trim() ?? "";
  }

  private add(name: SettingName, problem: string): void {
    this.problems.push({ name, problem, step: SETTINGS[name].step });
  }
}
