import { api } from "../../../convex/_generated/api.js";
import type { PlatformName } from "../../../bridges/platform.ts";
import type { Deployment } from "../channels/deployment.ts";
import { checkNamed, type Finding } from "./finding.ts";

/** A reply that has waited longer than this, in ms, is stuck: posting takes seconds, and ten tries some minutes. */
const STUCK_MS = 10 * 60_000;

/** What the platforms call a token that is refused (Discord by the HTTP status). */
const TOKEN_CODES: Readonly<Record<PlatformName, readonly string[]>> = {
  discord: ["401", "DISCORD_TOKEN"],
  slack: [
    ...["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"],
    ...["user_removed_from_team", "team_disabled", "not_allowed_token_type"],
  ],
};

/**
 * What is stuck, failed or set aside, as the deployment knows it. `acceptedTokens`: platforms that take their token now,
 * whatever they said when a bridge last ran.
 */
export async function checkBacklog(
  deployment: Deployment,
  acceptedTokens: ReadonlySet<PlatformName>,
): Promise<Finding[]> {
  const { mappings, failed, problems } = await deployment.query(api.admin.status, {});
  const findings: Finding[] = [];
  if (mappings.length === 0) {
    findings.push(
      checkNamed("Mappings").warning(
        "no channel is mapped",
        "npm run channels -- find discord (or slack), then npm run channels -- map --help",
      ),
    );
  }
  for (const {
    platform,
    externalId,
    externalName,
    health,
    open,
    openSince,
    lastCatchUp,
  } of mappings) {
    const name = externalName === undefined ? "" : ` (${externalName})`;
    const check = checkNamed(`${platform} ${externalId}${name}`);
    for (const { direction, code, reason, step } of health) {
      if (acceptedTokens.has(platform) && TOKEN_CODES[platform].includes(code)) {
        findings.push(
          check.warning(
            `the token was refused last time (${code}); it is good now`,
            "Start the bridge (npm start): the mark goes away",
          ),
        );
        continue;
      }
      const way = direction === "in" ? "reading" : "posting";
      findings.push(
        check.error(
          `${way} failed last time: ${reason} (${code})`,
          step ?? "npm run channels -- status",
        ),
      );
    }
    const waitedMs = openSince === undefined ? 0 : Date.now() - openSince;
    if (waitedMs > STUCK_MS) {
      const many = open === 1 ? "a reply waits" : `${open} replies wait`;
      findings.push(
        check.warning(
          `${many} to be posted, for ${Math.round(waitedMs / 60_000)} minutes`,
          "See that the bridge runs (npm start), and what its log says",
        ),
      );
    }
    if (lastCatchUp?.missed !== undefined) {
      findings.push(
        check.warning(
          `the last gap could not be looked through whole: ${lastCatchUp.missed}`,
          "Look there yourself for what was said in the gap (npm run channels -- status says when)",
        ),
      );
    }
  }
  if (failed.length > 0) {
    findings.push(
      checkNamed("Replies").warning(
        `${failed.length} could not be posted`,
        "npm run channels -- status says why; npm run channels -- retry posts them again",
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
  return findings.length > 0
    ? findings
    : [checkNamed("Deliveries").ok("nothing is stuck or set aside")];
}
