import { checkNamed, type Finding } from "./finding.ts";

const TIMEOUT_MS = 10_000;
/** Clock skew that a synchronised machine never has, in s. Tokens stand a minute of it. */
const TOLERATED_SKEW_S = 5;

interface Reachability {
  readonly findings: readonly Finding[];
  readonly isReachable: boolean;
}

/** Whether a deployment responds at `url`, and whether its clock agrees with this machine's. */
export async function checkReachable(url: string): Promise<Reachability> {
  const check = checkNamed("Convex");
  const { host } = new URL(url);
  const before = Date.now();
  let response: Response;
  try {
    response = await fetch(new URL("/version", url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    const step =
      "Check CONVEX_URL and that the deployment is running (a local one: npx convex dev)";
    return { isReachable: false, findings: [check.error(`nothing responds at ${host}`, step)] };
  }
  if (!response.ok) {
    const step = "Set CONVEX_URL to the deployment URL that the dashboard or npx convex dev shows";
    return {
      isReachable: false,
      findings: [check.error(`${host} is not a Convex deployment`, step)],
    };
  }
  const after = Date.now();
  const theirs = Date.parse(response.headers.get("date") ?? "");
  const findings = [backendAge(await response.text().catch(() => ""), host)];
  if (!Number.isNaN(theirs)) findings.push(checkClock(theirs, before, after));
  return { isReachable: true, findings };
}

/** The oldest Convex backend that knows every type in the schema (of the rate limiter): this version needs it. */
const OLDEST_BACKEND = "2026-07-22";

/** A self-hosted backend's version contains the day it was built. Convex Cloud is always new enough. */
function backendAge(version: string, host: string): Finding {
  const check = checkNamed("Convex");
  const day = /\b20\d\d-\d\d-\d\d\b/.exec(version)?.[0];
  if (day === undefined || Number.isNaN(Date.parse(day))) return check.ok(`${host} responds`);
  const words = (date: string) =>
    new Date(date).toLocaleDateString("en-GB", { dateStyle: "long", timeZone: "UTC" });
  return day < OLDEST_BACKEND
    ? check.error(
        `the backend at ${host} is from ${words(day)}, and this version needs one from ${words(OLDEST_BACKEND)} or later`,
        "Update your Convex backend, then run npm run setup",
      )
    : check.ok(`${host} responds; its backend is from ${words(day)}`);
}

/**
 * `theirs`: the deployment's clock in whole seconds, read at some time between `before` and `after` of ours. All in ms
 * since 1970.
 */
function checkClock(theirs: number, before: number, after: number): Finding {
  const check = checkNamed("Clock");
  const off = theirs > after ? theirs - after : Math.min(0, theirs + 1_000 - before);
  const seconds = Math.round(Math.abs(off) / 1_000);
  return seconds > TOLERATED_SKEW_S
    ? check.error(
        `this machine's clock is ${seconds} s ${off > 0 ? "behind" : "ahead"}: beyond a minute, Convex refuses tokens`,
        "Turn on time synchronisation (timedatectl set-ntp true)",
      )
    : check.ok("agrees with the deployment's clock");
}
