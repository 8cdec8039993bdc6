import { loadConfig } from "../../../bridges/config/config.ts";
import type { Env } from "../../../bridges/config/env_files.ts";
import { SettingsReader } from "../../../bridges/config/settings.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { Deployment } from "../channels/deployment.ts";
import { checkBacklog } from "./backlog.ts";
import { checkAdmin, checkBridgeKey, checkModel, checkReach } from "./convex.ts";
import { checkNode, checkSettings } from "./machine.ts";
import { checkDiscord, checkSlack, type MappingRow } from "./platforms.ts";
import { checkNamed, type Finding } from "./finding.ts";

export interface CheckOptions {
  readonly env: Env;
  readonly nodeVersion: string;
  /** Whether the AI service is asked something, which costs. */
  readonly ask: boolean;
  /** Told of each finding as it is made. */
  readonly onFinding: (finding: Finding) => void;
}

/** Checks everything that can be wrong, in the order in which to mend it. Never throws: what breaks is a finding. */
export async function runChecks({
  env,
  nodeVersion,
  ask,
  onFinding,
}: CheckOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const found = (more: readonly Finding[]) => {
    for (const finding of more) {
      findings.push(finding);
      onFinding(finding);
    }
  };
  const attempt = async (what: string, run: () => Promise<readonly Finding[]>) => {
    try {
      found(await run());
    } catch {
      found([
        checkNamed(what).error("this check itself failed", "Try again; if it stays, report it"),
      ]);
    }
  };

  found([checkNode(nodeVersion)]);
  found(checkSettings(env));
  // One platform's wrong token is no reason not to look at the rest.
  const reader = new SettingsReader(env);
  const url = reader.optional("CONVEX_URL");
  const adminKey = reader.optional("ADMIN_KEY");
  const config = loadConfig(env);

  let deployment: Deployment | undefined;
  let mappings: readonly MappingRow[] = [];
  if (url !== undefined) {
    await attempt("Convex", async () => {
      const { findings: reached, isReachable } = await checkReach(url);
      found(reached);
      if (!isReachable) return [];
      if (adminKey) {
        const admin = await checkAdmin(url, adminKey);
        found(admin.findings);
        deployment = admin.deployment;
      }
      const keys = [];
      for (const platform of ["discord", "slack"] as const) {
        const key = reader.optional(
          platform === "discord" ? "DISCORD_BRIDGE_KEY" : "SLACK_BRIDGE_KEY",
        );
        if (key) keys.push(await checkBridgeKey(url, platform, key));
      }
      return keys;
    });
  }
  const asked = deployment;
  if (asked) {
    await attempt("Mappings", async () => {
      mappings = await asked.query(api.admin.list, {});
      return [];
    });
    if (ask) await attempt("AI answer", async () => [await checkModel(asked)]);
  } else if (ask) {
    found([checkNamed("AI answer").skipped("the deployment could not be asked")]);
  }

  const of = (platform: string) => mappings.filter((mapping) => mapping.platform === platform);
  if (config.kind === "bridges") {
    const { discord, slack } = config;
    if (discord)
      await attempt("Discord", () => checkDiscord(discord.platform, of("discord"), asked));
    if (slack) await attempt("Slack", () => checkSlack(slack.platform, of("slack"), asked));
  }
  const levels = (title: string) =>
    findings.flatMap(({ check, level }) => (check === title ? [level] : []));
  const isWell = (title: string) =>
    levels(title).includes("ok") && !levels(title).includes("error");
  const acceptedTokens = new Set<PlatformName>([
    ...(isWell("Discord") ? (["discord"] as const) : []),
    ...(isWell("Slack") ? (["slack"] as const) : []),
  ]);
  if (asked) await attempt("Deliveries", () => checkBacklog(asked, acceptedTokens));
  return findings;
}
