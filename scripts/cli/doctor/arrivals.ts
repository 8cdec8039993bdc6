import { api } from "../../../convex/_generated/api.js";
import { timeAt } from "../../../convex/model/shared/positions.ts";
import type { Deployment } from "../channels/deployment.ts";
import type { PlatformView } from "../channels/seen_channel.ts";
import type { MappingRow } from "./platforms.ts";
import { about, type Finding } from "./verdict.ts";

/** Younger messages may still be on their way, in ms. */
const SETTLED_MS = 30_000;

/**
 * What people said last in a mapped channel must be stored. Where none of it is, nothing arrives: no bridge runs, or the
 * platform does not send. It is the only way to see Slack's event subscriptions, which Slack tells nobody.
 */
export async function checkArrivals(
  view: PlatformView,
  mappings: readonly MappingRow[],
  deployment: Deployment,
  missing: (check: ReturnType<typeof about>) => Finding,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { platform, externalId, since, state } of mappings) {
    if (state !== "active") continue;
    const newest = await view.newestFromPeople(externalId).catch(() => []);
    const latest = Date.now() - SETTLED_MS;
    const messageIds = newest.filter((id) => sortable(id) > since && timeAt(platform, id) < latest);
    if (messageIds.length === 0) continue;
    const stored = await deployment.query(api.doctor.stored, { platform, externalId, messageIds });
    if (stored.length === 0) findings.push(missing(about(`${platform} ${externalId}`)));
  }
  return findings;
}

/** Ids as mappings keep their beginning: Discord's with zeros before them. */
function sortable(id: string): string {
  return id.includes(".") ? id : id.padStart(20, "0");
}

