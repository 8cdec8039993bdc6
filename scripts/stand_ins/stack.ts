import { ConvexHttpClient } from "convex/browser";
import type { PlatformName } from "../../bridges/platform.ts";
import { mintToken, parseSigningKey } from "../../bridges/core/convex/token.ts";
import { startBridgeProcess, type BridgeProcess } from "./bridge_process.ts";
import type { ChatStandIn } from "./chat.ts";
import { makeAppProvider } from "./app_provider.ts";
import { keySetVariables, makeAllKeys } from "../tooling/signing_keys.ts";
import { startLocalConvex, type LocalConvex } from "./convex/local_convex.ts";
import { startDiscordStandIn, type DiscordStandIn } from "./discord/stand_in.ts";
import { startOpenAiStandIn, type OpenAiStandIn } from "./openai/stand_in.ts";
import { startSlackStandIn, type SlackStandIn } from "./slack/stand_in.ts";

export const PLATFORMS: readonly PlatformName[] = ["discord", "slack"];

/**
 * Everything a bridge connects to, on this machine: a Convex deployment, both platforms and the AI. Tests, the demo, the
 * soak, the bench and the playground start one.
 */
export interface Stack {
  readonly convex: LocalConvex;
  readonly discord: DiscordStandIn;
  readonly slack: SlackStandIn;
  readonly openai: OpenAiStandIn;
  /** The platform's stand-in, to act for people and to read what they see. */
  chat(platform: PlatformName): ChatStandIn;
  /** The ADMIN_KEY that this deployment accepts. */
  readonly adminKey: string;
  /** A new client with its own admin token and no cache. */
  adminClient(): Promise<ConvexHttpClient>;
  /** A new token for a person of an app on this deployment. */
  appToken(name: string): Promise<string>;
  /** The environment variables of a bridge for these platforms. */
  bridgeEnv(platforms?: readonly PlatformName[]): Record<string, string>;
  /** Starts the production bridge in a process of its own and waits until it is connected. */
  startBridge(platforms?: readonly PlatformName[]): Promise<BridgeProcess>;
  /** Stops the bridges, then everything else. */
  stop(): Promise<void>;
}

export interface StandInOptions {
  readonly slack?: Parameters<typeof startSlackStandIn>[0];
  readonly discord?: Parameters<typeof startDiscordStandIn>[0];
  readonly openai?: Parameters<typeof startOpenAiStandIn>[0];
}

/** Starts the platforms and the AI, without a deployment. */
export async function startStandIns(options: StandInOptions = {}) {
  const [discord, slack, openai] = await Promise.all([
    startDiscordStandIn({ rateLimits: "generous", ...options.discord }),
    startSlackStandIn(options.slack),
    startOpenAiStandIn(options.openai),
  ]);
  const stop = async () => {
    await Promise.all([discord.stop(), slack.stop(), openai.stop()]);
  };
  return { discord, slack, openai, stop };
}

export interface StackOptions extends StandInOptions {
  /** Environment variables of the deployment, over the stack's own. */
  readonly convexEnv?: Readonly<Record<string, string>>;
  /** Default: this project's convex/. */
  readonly functionsDir?: string;
  /** See `startLocalConvex`. */
  readonly replace?: Readonly<Record<string, string>>;
}

/** Starts a stack on ports of its own; any number can run at once. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const [keys, app, platforms] = await Promise.all([
    makeAllKeys(),
    makeAppProvider(),
    startStandIns(options),
  ]);
  const { discord, slack, openai } = platforms;
  const convex = await startLocalConvex({
    ...(options.functionsDir !== undefined && { functionsDir: options.functionsDir }),
    ...(options.replace && { replace: options.replace }),
    authProviders: [app.provider],
    env: {
      ...keySetVariables(keys),
      OPENAI_API_KEY: openai.apiKey,
      OPENAI_BASE_URL: openai.baseUrl,
      ...options.convexEnv,
    },
  });

  const standIns = { discord, slack };
  const bridgeKeys: Record<PlatformName, Record<string, string>> = {
    discord: { DISCORD_BRIDGE_KEY: keys.discord.privateKeyEnv },
    slack: { SLACK_BRIDGE_KEY: keys.slack.privateKeyEnv },
  };
  const bridges: BridgeProcess[] = [];

  const stack: Stack = {
    convex,
    discord,
    slack,
    openai,
    chat: (platform) => standIns[platform],
    adminKey: keys.admin.privateKeyEnv,
    async adminClient() {
      const key = parseSigningKey(keys.admin.privateKeyEnv);
      if (!key) throw new Error("the generated admin key is not a signing key");
      return new ConvexHttpClient(convex.url, {
        auth: await mintToken("admin", key),
        skipConvexDeploymentUrlCheck: true,
        logger: false,
      });
    },
    appToken: (name) => app.token(name),
    bridgeEnv(platforms = PLATFORMS) {
      const env: Record<string, string> = { CONVEX_URL: convex.url };
      for (const platform of platforms) {
        Object.assign(env, standIns[platform].env, bridgeKeys[platform]);
      }
      return env;
    },
    async startBridge(platforms = PLATFORMS) {
      const bridge = await startBridgeProcess(stack.bridgeEnv(platforms), platforms);
      bridges.push(bridge);
      return bridge;
    },
    async stop() {
      await Promise.all(bridges.map((bridge) => bridge.stop()));
      await Promise.all([convex.stop(), platforms.stop()]);
    },
  };
  return stack;
}
