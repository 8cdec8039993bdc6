import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { Deployment } from "../channels/deployment.ts";
import type { PlatformView } from "../channels/platform_view.ts";
import type { MappingRow } from "./platforms.ts";
import { checkNamed, type Finding } from "./finding.ts";

/** Younger messages may still be on their way, in ms. */
const SETTLED_MS = 30_000;
const DISCORD_EPOCH = 1_420_070_400_000;

/**
 * What people said last in a mapped channel must be stored. Where none of it is, nothing arrives: no bridge runs, or the
 * platform does not send. It is the only way to see Slack's event subscriptions, which Slack tells nobody.
 */
export async function checkRecentMessages(
  view: PlatformView,
  mappings: readonly MappingRow[],
  deployment: Deployment,
  missing: (check: ReturnType<typeof checkNamed>) => Finding,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { platform, externalId, since, state } of mappings) {
    if (state !== "active") continue;
    const newest = await view.newestFromPeople(externalId).catch(() => []);
    const latest = Date.now() - SETTLED_MS;
    const messageIds = newest.filter((id) => sortable(id) > since && sentAt(platform, id) < latest);
    if (messageIds.length === 0) continue;
    const stored = await deployment.query(api.doctor.stored, { platform, externalId, messageIds });
    if (stored.length === 0) findings.push(missing(checkNamed(`${platform} ${externalId}`)));
  }
  return findings;
}

/** Ids as mappings keep their beginning: Discord's with zeros before them. */
function sortable(id: string): string {
  return id.includes(".") ? id : id.padStart(20, "0");
}

/** ms since 1970. */
function sentAt(platform: PlatformName, id: string): number {
  switch (platform) {
    case "discord":
      return Number(BigInt(id) >> 22n) + DISCORD_EPOCH;
    case "slack":
      return Number(id) * 1_000;
  }
}
