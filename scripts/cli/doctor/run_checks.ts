import { loadConfig } from "../../../bridges/config/config.ts";
import type { Env } from "../../../bridges/config/env_files.ts";
import { SettingsReader } from "../../../bridges/config/settings.ts";
import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { Deployment } from "../channels/deployment.ts";
import { checkBacklog } from "./backlog.ts";
import { checkBridgeHealth } from "./bridge_health.ts";
import { checkAdmin, checkBridgeKey, checkModel } from "./convex.ts";
import { checkDiscord } from "./discord.ts";
import { checkNamed, type Finding } from "./finding.ts";
import { checkNode, checkSettings } from "./machine.ts";
import type { MappingRow } from "./mapped_channels.ts";
import { checkReachable } from "./reachable.ts";
import { checkSources, sourceOf, type Sources } from "./settings_files.ts";
import { checkSlack } from "./slack.ts";

const PLATFORMS = ["discord", "slack"] as const satisfies readonly PlatformName[];

export interface CheckOptions {
  readonly env: Env;
  readonly nodeVersion: string;
  /** Where `env` comes from. Default: unknown, and not checked. */
  readonly sources?: Sources;
  /** Whether to send the AI service a request, which costs a fraction of a cent. */
  readonly ask: boolean;
  /** Called with each finding as soon as it is made. */
  readonly onFinding: (finding: Finding) => void;
}

/**
 * Runs every check, in the order in which to fix what is wrong. Never throws: a check that throws becomes a finding.
 */
export async function runChecks({
  env,
  nodeVersion,
  sources,
  ask,
  onFinding,
}: CheckOptions): Promise<Finding[]> {
  const findings = new Findings(onFinding);
  findings.add([checkNode(nodeVersion)]);
  findings.add(checkSettings(env, (name) => (sources ? sourceOf(name, sources) : "")));
  if (sources) findings.add(checkSources(sources));
  const deployment = await checkConvex(env, findings);
  let mappings: readonly MappingRow[] = [];
  if (deployment) {
    await findings.run("Mappings", async () => {
      mappings = await deployment.query(api.admin.list, {});
      return [];
    });
    if (ask) await findings.run("AI answer", async () => [await checkModel(deployment)]);
  } else if (ask) {
    findings.add([checkNamed("AI answer").skipped("the deployment is not available")]);
  }

  const config = loadConfig(env);
  if (config.kind === "bridges") {
    const { discord, slack, healthPort } = config;
    if (healthPort) await findings.run("Bridge", async () => [await checkBridgeHealth(healthPort)]);
    const ofPlatform = (name: PlatformName) => mappings.filter(({ platform }) => platform === name);
    if (discord) {
      await findings.run("Discord", () =>
        checkDiscord(discord.platform, ofPlatform("discord"), deployment),
      );
    }
    if (slack) {
      await findings.run("Slack", () =>
        checkSlack(slack.platform, ofPlatform("slack"), deployment),
      );
    }
  }
  if (deployment) {
    const accepted = new Set<PlatformName>([
      ...(findings.passed("Discord") ? (["discord"] as const) : []),
      ...(findings.passed("Slack") ? (["slack"] as const) : []),
    ]);
    await findings.run("Deliveries", () => checkBacklog(deployment, accepted));
  }
  return findings.all;
}

/** Checks the deployment and each key that is set. Returns the deployment if it accepts the admin's key. */
async function checkConvex(env: Env, findings: Findings): Promise<Deployment | undefined> {
  // Not loadConfig: a wrong Slack token must not prevent checking the other settings.
  const reader = new SettingsReader(env);
  const url = reader.optional("CONVEX_URL");
  const adminKey = reader.optional("ADMIN_KEY");
  if (url === undefined) return undefined;
  let deployment: Deployment | undefined;
  await findings.run("Convex", async () => {
    const { findings: reached, isReachable } = await checkReachable(url);
    findings.add(reached);
    if (!isReachable) return [];
    if (adminKey) {
      const admin = await checkAdmin(url, adminKey);
      findings.add(admin.findings);
      deployment = admin.deployment;
    }
    const keys = [];
    for (const platform of PLATFORMS) {
      const name = platform === "discord" ? "DISCORD_BRIDGE_KEY" : "SLACK_BRIDGE_KEY";
      const key = reader.optional(name);
      if (key) keys.push(await checkBridgeKey(url, platform, key));
    }
    return keys;
  });
  return deployment;
}

class Findings {
  readonly all: Finding[] = [];

  constructor(private readonly onFinding: (finding: Finding) => void) {}

  add(findings: readonly Finding[]): void {
    for (const finding of findings) {
      this.all.push(finding);
      this.onFinding(finding);
    }
  }

  /** Adds what `check` returns, or an error finding if it throws. */
  async run(name: string, check: () => Promise<readonly Finding[]>): Promise<void> {
    try {
      this.add(await check());
    } catch {
      this.add([checkNamed(name).error("the check itself failed", "Try again, then report a bug")]);
    }
  }

  passed(name: string): boolean {
    const levels = this.all.flatMap(({ check, level }) => (check === name ? [level] : []));
    return levels.includes("ok") && !levels.includes("error");
  }
}
