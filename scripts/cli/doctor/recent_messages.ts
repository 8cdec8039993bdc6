import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import { timeAt } from "../../../convex/model/shared/positions.ts";
import type { Deployment } from "../channels/deployment.ts";
import type { PlatformView } from "../channels/views/platform_view.ts";
import { checkNamed, type Finding } from "./finding.ts";
import type { MappingRow } from "./mapped_channels.ts";

/** Younger messages may not be stored yet, in ms. */
const INGEST_DELAY_MS = 30_000;

/**
 * Whether the newest messages of people in each mapped channel are stored. If none is, no events arrive: no bridge runs,
 * or the platform does not send events. Slack has no API that lists an app's event subscriptions, so this is the only
 * way to check them. `missing` makes the finding for a channel.
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
    const latest = Date.now() - INGEST_DELAY_MS;
    const messageIds = newest.filter(
      (id) => positionOf(platform, id) > since && timeAt(platform, id) < latest,
    );
    if (messageIds.length === 0) continue;
    const stored = await deployment.query(api.doctor.stored, { platform, externalId, messageIds });
    if (stored.length === 0) findings.push(missing(checkNamed(`${platform} ${externalId}`)));
  }
  return findings;
}

/** The form of a mapping's `since`: Discord's ids padded with zeros, so that they sort as strings. */
function positionOf(platform: PlatformName, id: string): string {
  return platform === "discord" ? id.padStart(20, "0") : id;
}
