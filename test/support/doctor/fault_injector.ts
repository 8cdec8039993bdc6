import type { FunctionReturnType } from "convex/server";
import { api } from "../../../convex/_generated/api.js";
import { makeKeyPair } from "../../../scripts/tooling/signing_keys.ts";
import { startDiscordStandIn } from "../../../scripts/stand_ins/discord/stand_in.ts";
import { startSlackStandIn } from "../../../scripts/stand_ins/slack/stand_in.ts";
import type { Sources } from "../../../scripts/cli/doctor/settings_files.ts";
import type { DoctorStage } from "./stage.ts";
import type { Finding } from "../../../scripts/cli/doctor/finding.ts";

/** A fault in a setup, the doctor's finding and the step that fixes it. */
export interface Fault {
  readonly name: string;
  /** Injects the fault and runs the doctor. */
  readonly inject: (s: FaultInjector) => Promise<Finding[]>;
  readonly fault: RegExp;
  readonly step: RegExp;
  /** Default: error. */
  readonly level?: "warning";
}

/** The deployment's status report. */
export type Status = FunctionReturnType<typeof api.admin.status>;
type Denied = Parameters<DoctorStage["stack"]["discord"]["deny"]>[1];

/** Ways to break a correct setup. Those that return findings run the doctor. */
export interface FaultInjector extends DoctorStage {
  /** Denies the bot permissions in the mapped Discord channel. */
  denyBot(what: Denied): Promise<Finding[]>;
  /** Starts another Discord server or Slack workspace and returns its settings. */
  anotherDiscord(
    options?: Parameters<typeof startDiscordStandIn>[0],
  ): Promise<Record<string, string>>;
  anotherSlack(options?: Parameters<typeof startSlackStandIn>[0]): Promise<Record<string, string>>;
  /** Changes fields of Discord's `/gateway/bot` response. */
  gatewayWith(change: Record<string, unknown>): Promise<Finding[]>;
  /** Replaces the results of functions of the deployment, by name. */
  deployment(answers: Record<string, unknown>, more?: { ask: true }): Promise<Finding[]>;
  /** Runs the doctor with a variable of the deployment changed, and puts it back. */
  variable(name: string, value: string | undefined): Promise<Finding[]>;
  /** Runs the doctor with settings from these sources over the others. */
  withSources(
    sources: Pick<Sources, "shell" | "files"> & Partial<Pick<Sources, "root">>,
  ): Promise<Finding[]>;
  /** Changes the deployment's status report. */
  statusWith(change: (status: Status) => Status): Promise<Finding[]>;
}

/** Adds the ways to break it to a correct setup. */
export function faultInjector(stage: DoctorStage): FaultInjector {
  const { discord } = stage.stack;
  const deployment: FaultInjector["deployment"] = async (answers, more) =>
    stage.run({ CONVEX_URL: await stage.proxyConvex({ answers }) }, more);
  return {
    ...stage,
    deployment,
    denyBot: (what) => {
      discord.deny(stage.channels.discord, what);
      return stage.run().finally(() => discord.deny(stage.channels.discord, {}));
    },
    anotherDiscord: async (options) => {
      const another = await startDiscordStandIn(options);
      stage.onStop(() => another.stop());
      return another.env;
    },
    anotherSlack: async (options) => {
      const another = await startSlackStandIn(options);
      stage.onStop(() => another.stop());
      return another.env;
    },
    gatewayWith: async (change) => {
      const apiUrl = stage.env.DISCORD_API_URL ?? "";
      const DISCORD_API_URL = await stage.proxyPlatform(apiUrl, (path, { status, text }) => {
        if (!path.endsWith("/gateway/bot")) return { status, text };
        return { status, text: JSON.stringify({ ...(JSON.parse(text) as object), ...change }) };
      });
      return await stage.run({ DISCORD_API_URL });
    },
    variable: async (name, value) => {
      const { convex } = stage.stack;
      await convex.setEnv(name, value);
      const usual = name === "PUBLIC_CHAT" ? "closed" : undefined;
      return await stage.run().finally(() => convex.setEnv(name, usual));
    },
    withSources: ({ root = "/nowhere", shell, files }) => {
      const changes = Object.entries({ ...files, ...shell }).map(([name, value = ""]) => [
        name,
        value,
      ]);
      return stage.run(Object.fromEntries(changes) as Record<string, string>, {
        sources: { root, shell, files },
      });
    },
    statusWith: async (change) => {
      const admin = await stage.stack.adminClient();
      const status = change(await admin.query(api.admin.status, {}));
      return await deployment({
        "admin:status": (call: string) => {
          const isAsked = ({ platform }: { platform: string }) => call.includes(`"${platform}"`);
          const { mappings, failed } = status;
          return { ...status, mappings: mappings.filter(isAsked), failed: failed.filter(isAsked) };
        },
      });
    },
  };
}

/** Changes the first mapping of a status report. */
export function firstMapping(
  change: Partial<Status["mappings"][number]>,
): (status: Status) => Status {
  return (status) => ({
    ...status,
    mappings: status.mappings.map((row, n) => (n === 0 ? { ...row, ...change } : row)),
  });
}

/** A new private key for a role. */
export async function anotherKey(role: "discord" | "slack" | "admin"): Promise<string> {
  return (await makeKeyPair(role)).privateKeyEnv;
}
