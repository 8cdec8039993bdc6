import type { Platform } from "./validators.ts";

/*
 * A position is a string that sorts, within a conversation, as the platform orders its messages:
 *   Discord   the snowflake, padded to 20 digits     Slack   the ts, "seconds.micros", 16 digits
 *   ours      the position of what is answered, "~" and the time: after it, before any later message
 */

/** Start of Discord's snowflakes, ms since 1970. https://discord.com/developers/docs/reference#snowflakes */
const DISCORD_EPOCH = 1_420_070_400_000;

/** The position a message sent at `at` (ms since 1970) would have at the least. */
export function positionAt(platform: Platform, at: number): string {
  switch (platform) {
    case "discord":
      return (BigInt(at - DISCORD_EPOCH) << 22n).toString().padStart(20, "0");
    case "slack":
      return `${Math.floor(at / 1000).toString()}.${(at % 1000).toString().padStart(3, "0")}000`;
  }
}

/** When something at this position, or with this id, was sent: ms since 1970. */
export function timeAt(platform: Platform, position: string): number {
  switch (platform) {
    case "discord":
      return Number(BigInt(position) >> 22n) + DISCORD_EPOCH;
    case "slack":
      return Math.floor(Number(position) * 1000);
  }
}

/** The least id a platform may have given to something at this position. Ids of the last years sort as positions. */
export function idAt(platform: Platform, position: string): string {
  return platform === "discord" ? position.replace(/^0+(?=\d)/, "") : position;
}

/** The position of a message created here at `at`, in answer to the message at `after`. */
export function positionAfter(after: string, at: number): string {
  const [base = ""] = after.split("~", 1);
  return `${base}~${timeKey(at)}`;
}

/** The position of an app's message in a conversation that has no platform. */
export function ownPosition(at: number): string {
  return timeKey(at);
}

function timeKey(at: number): string {
  return at.toString().padStart(16, "0");
}
