import type { FunctionReturnType } from "convex/server";
import { api } from "../../../convex/_generated/api.js";
import { makeKeyPair } from "../../../scripts/tooling/signing_keys.ts";
import { startDiscordStandIn } from "../../../scripts/stand_ins/discord/stand_in.ts";
import { startSlackStandIn } from "../../../scripts/stand_ins/slack/stand_in.ts";
import type { DoctorStage } from "./stage.ts";
import type { Finding } from "../../../scripts/cli/doctor/verdict.ts";

/** A fault of a set-up; what the doctor says of it, and the step that mends it. */
export interface Fault {
  readonly name: string;
  readonly make: (s: Spoiler) => Promise<Finding[]>;
  readonly fault: RegExp;
  readonly step: RegExp;
  /** Default: error. */
  readonly level?: "warning";
}

export type Status = FunctionReturnType<typeof api.admin.status>;
type Denied = Parameters<DoctorStage["stack"]["discord"]["deny"]>[1];

/** Ways to spoil a set-up that is in order. */
export interface Spoiler extends DoctorStage {
  /** The bot is denied something in the mapped Discord channel. */
  denied(what: Denied): Promise<Finding[]>;
  /** Settings of another Discord, or another workspace. */
  anotherDiscord(
    options?: Parameters<typeof startDiscordStandIn>[0],
  ): Promise<Record<string, string>>;
  anotherSlack(options?: Parameters<typeof startSlackStandIn>[0]): Promise<Record<string, string>>;
  /** What Discord says of its gateway, with `change` in it. */
  gatewayWith(change: Record<string, unknown>): Promise<Finding[]>;
  /** Functions of the deployment that answer something else. */
  deployment(answers: Record<string, unknown>, more?: { ask: true }): Promise<Finding[]>;
  /** The deployment's status, with something in it. */
  statusWith(change: (status: Status) => Status): Promise<Finding[]>;
}

export function spoiler(stage: DoctorStage): Spoiler {
  const { discord } = stage.stack;
  const deployment: Spoiler["deployment"] = async (answers, more) =>
    stage.run({ CONVEX_URL: await stage.behind({ answers }) }, more);
  return {
    ...stage,
    deployment,
    denied: (what) => {
      discord.deny(stage.channels.discord, what);
      return stage.run().finally(() => discord.deny(stage.channels.discord, {}));
    },
    anotherDiscord: async (options) => {
      const another = await startDiscordStandIn(options);
      stage.later(() => another.stop());
      return another.env;
    },
    anotherSlack: async (options) => {
      const another = await startSlackStandIn(options);
      stage.later(() => another.stop());
      return another.env;
    },
    gatewayWith: async (change) => {
      const apiUrl = stage.env.DISCORD_API_URL ?? "";
      const DISCORD_API_URL = await stage.rewritten(apiUrl, (path, { status, text }) => {
        if (!path.endsWith("/gateway/bot")) return { status, text };
        return { status, text: JSON.stringify({ ...(JSON.parse(text) as object), ...change }) };
      });
      return await stage.run({ DISCORD_API_URL });
    },
    statusWith: async (change) => {
      const admin = await stage.stack.adminClient();
      return await deployment({ "admin:status": change(await admin.query(api.admin.status, {})) });
    },
  };
}

export function firstMapping(
  change: Partial<Status["mappings"][number]>,
): (status: Status) => Status {
  return (status) => ({
    ...status,
    mappings: status.mappings.map((row, n) => (n === 0 ? { ...row, ...change } : row)),
  });
}

export async function anotherKey(role: "discord" | "slack" | "admin"): Promise<string> {
  return (await makeKeyPair(role)).privateKeyEnv;
}
