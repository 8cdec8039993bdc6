import type { PlatformName } from "../../../bridges/platform.ts";

/*
 * How a platform's text reads in Convex, rendered independently of the bridge: a verdict that used the bridge's own
 * code would agree with its mistakes. Made for what the demo and chat logs say, not for everything people can type.
 */

/** Names by id: of people, and of channels. */
export type Names = ReadonlyMap<string, string>;

export function plainText(platform: PlatformName, text: string, names: Names): string {
  switch (platform) {
    case "discord":
      return text.replace(/<@!?(\d+)>/g, (token, id: string) => at(names, id) ?? token);
    case "slack":
      return text
        .replace(/<([^<>\n]*)>/g, (token, inner: string) => slackToken(inner, names) ?? token)
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&amp;", "&");
  }
}

/**
 * A text without its formatting, so that Slack's marks and Markdown's read the same: what is left are the words, the
 * links, and code blocks byte for byte.
 */
export function bare(text: string): string {
  const parts = text.split(/(```[\s\S]*?```)/).map((part) => {
    const code = /^```\n?([\s\S]*?)\n?```$/.exec(part)?.[1];
    return code === undefined ? bareProse(part) : `\`\`\`${code}\`\`\``;
  });
  return parts.filter((part) => part !== "").join("\n");
}

function bareProse(text: string): string {
  return text
    .replace(/\]\(<([^<>]*)>\)/g, "]($1)")
    .replace(/^[ \t]*(?:> ?|[•-] )/gm, "")
    .replace(/[*_~\\]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Marks around words, as both platforms have them; within words they are what they are. */
const MARKED = /(^|[\s("“])(\*\*|__|~~|\|\||[*_~])(?=\S)(.*?\S)\2(?=$|[\s).,;:!?"”])/g;

/** A line of prose as it looks: without the marks of formatting, and with what stands in code as it is. */
export function displayed(line: string): string {
  const parts = line.split(/(`[^`]+`)/).map((part, index) => {
    if (index % 2 === 1) return part.slice(1, -1);
    let text = part.replaceAll(/\[([^\]]*)\]\((\S+)\)/g, "$1 ($2)");
    for (let before = ""; before !== text;) {
      before = text;
      text = text.replaceAll(MARKED, "$1$3");
    }
    return text;
  });
  return parts.join("").replace(/^> ?/, "▏ ");
}

/** https://docs.slack.dev/messaging/formatting-message-text */
function slackToken(inner: string, names: Names): string | undefined {
  const [target = "", label] = inner.split("|", 2);
  if (target.startsWith("@")) return at(names, target.slice(1)) ?? `@${label ?? target.slice(1)}`;
  if (target.startsWith("#")) return `#${label ?? names.get(target.slice(1)) ?? target.slice(1)}`;
  if (target.startsWith("!")) return `@${(label ?? target.slice(1)).replace(/^@/, "")}`;
  if (!/^(https?|mailto|ftp):/.test(target)) return undefined;
  const bare = target.replace(/^(mailto:|https?:\/\/)/, "");
  if (label === undefined) return target;
  return label === target || label === bare ? label : `[${label}](${target})`;
}

function at(names: Names, id: string): string | undefined {
  const name = names.get(id);
  return name === undefined ? undefined : `@${name}`;
}
