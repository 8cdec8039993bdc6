import type { PlatformName } from "../protocol.ts";

/** Discord's first millisecond (docs, "Snowflakes"). */
const DISCORD_EPOCH = 1_420_070_400_000;

/** When a message was said: both platforms write it into the id. */
export function timeOf(platform: PlatformName, id: string): Date {
  const ms =
    platform === "discord"
      ? Number(BigInt(id) >> 22n) + DISCORD_EPOCH
      : Math.floor(Number(id) * 1000);
  return new Date(ms);
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function clockTime(date: Date): string {
  return clock.format(date);
}
