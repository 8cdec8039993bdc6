import type { PlatformName } from "../../../bridges/platform.ts";
import { type Deployment, readStatus } from "../channels/deployment.ts";
import { describeAi, type Status } from "../channels/format.ts";
import { checkNamed, type Finding } from "./finding.ts";
import { channelCheck } from "./mapped_channels.ts";

type MappingStatus = Status["mappings"][number];

/** Replies that have waited longer than this, in ms, are stuck: a post takes seconds, and ten retries take minutes. */
const STUCK_MS = 10 * 60_000;

/** The error codes of a refused token (for Discord the HTTP status). */
const TOKEN_CODES: Readonly<Record<PlatformName, readonly string[]>> = {
  discord: ["401", "DISCORD_TOKEN"],
  slack: [
    ...["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"],
    ...["user_removed_from_team", "team_disabled", "not_allowed_token_type"],
  ],
};

/**
 * What the deployment reports as stuck, failed or set aside. `acceptedTokens`: the platforms that accept their token now,
 * even if they refused it when a bridge last ran.
 */
export async function checkBacklog(
  deployment: Deployment,
  acceptedTokens: ReadonlySet<PlatformName>,
): Promise<Finding[]> {
  const { mappings, failed, problems, aiHealth } = await readStatus(deployment);
  const findings = mappings.flatMap((mapping) => checkMapping(mapping, acceptedTokens));
  findings.push(...checkHasRun(mappings));
  if (mappings.length === 0) {
    findings.push(
      checkNamed("Mappings").warning(
        "no channel is mapped",
        "npm run channels -- find discord (or slack), then npm run channels -- map --help",
      ),
    );
  }
  if (aiHealth) findings.push(checkAi(aiHealth));
  if (failed.length > 0) {
    findings.push(
      checkNamed("Replies").warning(
        `${failed.length} could not be posted`,
        "npm run channels -- status says why; npm run channels -- retry retries them",
      ),
    );
  }
  if (problems.length > 0) {
    findings.push(
      checkNamed("Problems").warning(
        `${problems.length} set aside: ${[...new Set(problems.map(({ kind }) => kind))].join(", ")}`,
        "npm run channels -- status lists them",
      ),
    );
  }
  return findings.some(({ level }) => level !== "ok")
    ? findings
    : [...findings, checkNamed("Deliveries").ok("nothing is stuck or set aside")];
}

/** A bridge catches up with each channel when it starts, so a platform where none was ever caught up with had no bridge. */
function checkHasRun(mappings: readonly MappingStatus[]): Finding[] {
  return (["discord", "slack"] as const).flatMap((platform) => {
    const active = mappings.filter((row) => row.platform === platform && row.state === "active");
    if (active.length === 0 || active.some(({ lastCatchUp }) => lastCatchUp)) return [];
    const problem = "no bridge has run since the channels were mapped";
    return [checkNamed(`${platform} bridge`).warning(problem, "Start it: npm start")];
  });
}

/** Times are UTC, as in `channels status`. */
function checkAi(health: NonNullable<Status["aiHealth"]>): Finding {
  const check = checkNamed("AI answers");
  if (health.endedAt !== undefined) return check.ok(describeAi(health));
  // Not an error: in a quiet channel nobody may have asked since it was fixed.
  return check.warning(
    describeAi(health),
    "npm run doctor -- --ask tries the AI service now; the next answer in a channel clears this",
  );
}

function checkMapping(
  mapping: MappingStatus,
  acceptedTokens: ReadonlySet<PlatformName>,
): Finding[] {
  const { platform, health, open, openSince, lastCatchUp } = mapping;
  const check = channelCheck(mapping);
  const findings = health.map(({ direction, code, reason, step }) => {
    if (acceptedTokens.has(platform) && TOKEN_CODES[platform].includes(code)) {
      return check.warning(
        `the token was refused last time (${code}) but is accepted now`,
        "Start the bridge (npm start), which clears this",
      );
    }
    const operation = direction === "in" ? "reading" : "posting";
    return check.error(
      `${operation} failed last time: ${reason} (${code})`,
      step ?? "npm run channels -- status",
    );
  });
  const waitedMs = openSince === undefined ? 0 : Date.now() - openSince;
  if (waitedMs > STUCK_MS) {
    const replies = open === 1 ? "1 reply has" : `${open} replies have`;
    findings.push(
      check.warning(
        `${replies} waited ${Math.round(waitedMs / 60_000)} minutes to be posted`,
        "Make sure that the bridge is running (npm start) and read its log",
      ),
    );
  }
  if (lastCatchUp?.missed !== undefined) {
    findings.push(
      check.warning(
        `the last gap was not backfilled completely: ${lastCatchUp.missed}`,
        "Look in the channel for messages from the gap (npm run channels -- status shows when it was)",
      ),
    );
  }
  return findings;
}
