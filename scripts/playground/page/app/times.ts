import { timeAt } from "../../../../convex/model/shared/positions.ts";
import type { PlatformName } from "../protocol.ts";

/** When a message was sent: on both platforms the id contains the time. */
export function sentAt(platform: PlatformName, id: string): Date {
  return new Date(timeAt(platform, id));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The time of day, in the browser's locale. */
export function clockTime(date: Date): string {
  return clock.format(date);
}
