import { z } from "zod";
import { checkNamed, type Finding } from "./finding.ts";

const TIMEOUT_MS = 5_000;

const vHealth = z.object({ platforms: z.record(z.string(), z.string()) });

/** What the bridge on this machine reports at its health endpoint. */
export async function checkBridgeHealth(port: number): Promise<Finding> {
  const check = checkNamed("Bridge");
  let health;
  try {
    const url = `http://127.0.0.1:${port}/healthz`;
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    health = vHealth.safeParse(await response.json()).data;
  } catch {
    // None answers, or something that is no bridge.
  }
  if (health === undefined) {
    return check.warning(
      `no bridge answers at port ${port} of this machine (HEALTH_PORT)`,
      "Start it: npm start. If it runs on another machine, remove HEALTH_PORT here",
    );
  }
  const states = Object.entries(health.platforms).map(([name, state]) => `${name} is ${state}`);
  return Object.values(health.platforms).every((state) => state === "ready")
    ? check.ok(`it runs; ${states.join(", ")}`)
    : check.error(`it runs, but ${states.join(", ")}`, "Read its log");
}
