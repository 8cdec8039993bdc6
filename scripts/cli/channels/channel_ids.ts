import type { Platform } from "../../../convex/model/shared/validators.ts";

/** The format of a channel id on each platform, and where to copy one. */
const formats: Record<Platform, { pattern: RegExp; description: string; where: string }> = {
  discord: {
    pattern: /^\d{17,20}$/,
    description: "17 to 20 digits",
    where:
      "In Discord, turn on Developer Mode (User Settings, Advanced), then right-click the channel and choose Copy Channel ID.",
  },
  slack: {
    pattern: /^[CG][A-Z0-9]{8,}$/,
    description: "C or G and at least 8 capitals or digits",
    where: "In Slack, click the channel's name: the Channel ID is at the end of the About tab.",
  },
};

/** Why `id` can't be a channel of the platform, and where to copy a valid id; undefined if it can. */
export function explainInvalidId(platform: Platform, id: string): string | undefined {
  const { pattern, description, where } = formats[platform];
  if (pattern.test(id)) return undefined;
  return `'${id}' is not the id of a ${platform} channel (${description}). ${where}`;
}
