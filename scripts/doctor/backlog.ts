import { api } from "../../convex/_generated/api.js";
import type { Deployment } from "../channels/deployment.ts";
import { about, type Finding } from "./verdict.ts";

/** More replies than this waiting for one channel means that nobody posts them. */
const MANY_OPEN = 10;

/** What is stuck, failed or set aside, as the deployment knows it. */
export async function checkBacklog(deployment: Deployment): Promise<Finding[]> {
  const { mappings, failed, problems } = await deployment.query(api.admin.status, {});
  const findings: Finding[] = [];
  if (mappings.length === 0) {
    findings.push(
      about("Mappings").warning(
        "no channel is mapped",
        "npm run channels -- find discord (or slack), then npm run channels -- map --help",
      ),
    );
  }
  for (const { platform, externalId, health, open, state } of mappings) {
    const check = about(`${platform} ${externalId}`);
    for (const { direction, code, reason, step } of health) {
      const way = direction === "in" ? "reading" : "posting";
      findings.push(
        check.error(
          `${way} failed last time: ${reason} (${code})`,
          step ?? "npm run channels -- status",
        ),
      );
    }
    if (open > MANY_OPEN && state === "active") {
      findings.push(
        check.warning(`${open} replies wait to be posted`, "See that the bridge runs: npm start"),
      );
    }
  }
  if (failed.length > 0) {
    findings.push(
      about("Replies").warning(
        `${failed.length} could not be posted`,
        "npm run channels -- status says why; npm run channels -- retry posts them again",
      ),
    );
  }
  if (problems.length > 0) {
    findings.push(
      about("Problems").warning(
        `${problems.length} things were set aside`,
        "npm run channels -- status lists them",
      ),
    );
  }
  return findings.length > 0 ? findings : [about("Deliveries").ok("nothing is stuck or set aside")];
}
