import { timeAt } from "../../../convex/model/shared/positions.ts";
import type { PlatformName } from "../../platform.ts";

/** How far ahead of this machine's clock a message may be dated, in ms. */
const AHEAD_MS = 24 * 60 * 60_000;

/**
 * Whether a message can have this position. One of a later year would move the cursor past every message to come, and
 * no catch-up would find them.
 */
export function isTimely(platform: PlatformName, position: string): boolean {
  return timeAt(platform, position) <= Date.now() + AHEAD_MS;
}
