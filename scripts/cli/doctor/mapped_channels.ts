import type { FunctionReturnType } from "convex/server";
import type { api } from "../../../convex/_generated/api.js";
import { ViewError, type PlatformView } from "../channels/views/platform_view.ts";
import { checkNamed, type Finding } from "./finding.ts";

/** A mapping as the deployment lists it. */
export type MappingRow = FunctionReturnType<typeof api.admin.list>[number];

/** How a finding names a mapped channel. */
export function channelCheck({
  platform,
  externalId,
  externalName,
}: Pick<MappingRow, "platform" | "externalId" | "externalName">) {
  const name = externalName === undefined ? "" : ` (${externalName})`;
  return checkNamed(`${platform} ${externalId}${name}`);
}

/** Whether the bot can work in each mapped channel. */
export async function checkMappedChannels(
  view: PlatformView,
  mappings: readonly MappingRow[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const mapping of mappings) {
    const { platform, externalId, replyIn, state, relaySince } = mapping;
    const check = channelCheck(mapping);
    try {
      const { troubles, relay } = await view.channel(externalId);
      if (troubles.length === 0) {
        findings.push(
          state === "paused" ? check.skipped("paused") : check.ok("the bot can read and post"),
        );
      }
      for (const { problem, step, minor } of troubles) {
        const isError = minor !== true || replyIn === "thread";
        findings.push(isError ? check.error(problem, step) : check.warning(problem, step));
      }
      // A relay works without them.
      if (relaySince !== undefined && relay) {
        findings.push(check.ok(`${relay.problem}. ${relay.step}`));
      }
    } catch (error) {
      findings.push(requestFailed(`${platform} ${externalId}`, error));
    }
  }
  return findings;
}

/** The finding for a request to a platform that failed. */
export function requestFailed(name: string, error: unknown): Finding {
  const check = checkNamed(name);
  if (error instanceof ViewError) {
    return check.error(error.problem, error.step ?? "Try again later");
  }
  return check.error("the request failed", "Try again, then report a bug");
}
