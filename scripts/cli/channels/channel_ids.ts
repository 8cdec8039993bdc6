import type { Platform } from "../../../convex/model/shared/validators.ts";

/** What a channel id looks like on each platform, and where a person finds it. */
const forms: Record<Platform, { pattern: RegExp; form: string; where: string }> = {
  discord: {
    pattern: /^\d{17,20}$/,
    form: "17 to 20 digits",
    where:
      "In Discord turn on Developer Mode (User Settings, Advanced), then right-click the channel and choose Copy Channel ID.",
  },
  slack: {
    pattern: /^[CG][A-Z0-9]{8,}$/,
    form: "C or G and at least 8 capitals or digits",
    where: "In Slack click the channel's name: the Channel ID stands at the end of the About tab.",
  },
};

/** Why `id` can't be a channel of the platform, and where to find the right one; undefined if it can. */
export function explainInvalidId(platform: Platform, id: string): string | undefined {
  const { pattern, form, where } = forms[platform];
  if (pattern.test(id)) return undefined;
  return `'${id}' is not the id of a ${platform} channel (${form}). ${where}`;
}
