import { timeAt } from "../../../../convex/model/shared/positions.ts";
import type { PlatformName } from "../protocol.ts";

/** When a message was said: both platforms write it into the id. */
export function timeOf(platform: PlatformName, id: string): Date {
  return new Date(timeAt(platform, id));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function clockTime(date: Date): string {
  return clock.format(date);
}
