import type { PlatformName } from "../../../../bridges/platform.ts";
import { makeAllKeys } from "../../../tooling/signing_keys.ts";
import { type Child, startBridge } from "../bridge_child.ts";
import { startFlags } from "../start_flags.ts";
import { type ConvexStub, type ReceivedMutation, startConvexStub } from "./convex.ts";
import { DISCORD_CHANNEL, type DiscordStub, startDiscordStub } from "./discord.ts";
import { SLACK_CHANNEL, type SlackStub, startSlackStub } from "./slack.ts";

/** The stub of either platform. */
export type PlatformStub = Pick<
  DiscordStub | SlackStub,
  "env" | "frame" | "send" | "onPost" | "setHistory" | "pages" | "stop"
>;

/** The production bridge between stubs of Convex and a platform. */
export interface Rig {
  readonly convex: ConvexStub;
  readonly platform: PlatformStub;
  readonly channel: string;
  readonly bridge: Child;
  /** Calls `listener` with every mutation as it arrives. Returns a function that unsubscribes. */
  onMutation(listener: (mutation: ReceivedMutation) => void): () => void;
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly mappings?: readonly { readonly externalId: string }[];
}

/** A mapping as `bridge:mappings` returns it. */
export function mappingOf(externalId: string) {
  return { mappingId: `mapping-${externalId}`, externalId, since: "0" };
}

export async function startRig(name: PlatformName, options: RigOptions = {}): Promise<Rig> {
  const channel = name === "discord" ? DISCORD_CHANNEL : SLACK_CHANNEL;
  const mapped = options.mappings ?? [{ externalId: channel }];
  const [convex, platform, keys] = await Promise.all([
    startConvexStub(),
    name === "discord"
      ? startDiscordStub(mapped.map(({ externalId }) => externalId))
      : startSlackStub(),
    makeAllKeys(),
  ]);
  convex.publish(
    "bridge:mappings",
    mapped.map(({ externalId }) => mappingOf(externalId)),
  );
  const keyName = `${name.toUpperCase()}_BRIDGE_KEY`;
  const env = { CONVEX_URL: convex.url, ...platform.env, [keyName]: keys[name].privateKeyEnv };
  const bridge = await startBridge(env, name, await startFlags());
  const listeners = new Set<(mutation: ReceivedMutation) => void>();
  convex.onMutation = (mutation) => {
    for (const listener of listeners) listener(mutation);
  };
  return {
    onMutation(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    convex,
    platform,
    channel,
    bridge,
    async stop() {
      await bridge.stop();
      await Promise.all([convex.stop(), platform.stop()]);
    },
  };
}
