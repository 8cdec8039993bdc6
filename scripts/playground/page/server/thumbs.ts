import type { PlatformName, Thumb } from "../protocol.ts";

/** Slack names its emojis; Discord has the characters. */
const SLACK_NAMES = { "👍": "+1", "👎": "-1" } as const satisfies Record<Thumb, string>;

/** A reaction as the platform calls it. */
export function reactionName(platform: PlatformName, thumb: Thumb): string {
  return platform === "slack" ? SLACK_NAMES[thumb] : thumb;
}

/** A reaction as people see it. */
export function shownReaction(platform: PlatformName, emoji: string): string {
  if (platform === "discord") return emoji;
  return Object.entries(SLACK_NAMES).find(([, name]) => name === emoji)?.[0] ?? `:${emoji}:`;
}
