import type { PlatformName } from "../../../bridges/platform.ts";

/*
 * The text that Convex should hold for a platform's text, rendered independently of the bridge: a verdict that used the
 * bridge's code would repeat its mistakes. It covers the demo and chat logs, not everything that people can type.
 */

/** Names of people and channels by id. */
export type Names = ReadonlyMap<string, string>;

export function plainText(platform: PlatformName, text: string, names: Names): string {
  switch (platform) {
    case "discord":
      return text.replace(/<@!?(\d+)>/g, (token, id: string) => at(names, id) ?? token);
    case "slack":
      return text
        .split(/(```[\s\S]*?```|`[^`\n]+`)/)
        .map((part, index) => fromSlack(part, names, index % 2 === 1))
        .join("");
  }
}

/**
 * Removes formatting, so that texts with Slack's markup and Markdown compare equal. Words, links and code blocks (byte
 * for byte) remain.
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

/**
 * The text without white space and fences: splitting moves white space and repeats the fences that it cuts, and must
 * change nothing else. On Discord only words are compared, because its Markdown differs (for example, it has no tables).
 */
export function words(platform: PlatformName, text: string): string {
  const whole = text.replaceAll(/^\s*```\w*\s*$/gm, "");
  switch (platform) {
    case "slack":
      return whole.replaceAll(/\s+/g, "");
    case "discord":
      return whole.replaceAll(/\[[xX ]\]/g, "").replaceAll(/[^\p{L}\p{N}]+/gu, "");
  }
}

/** Formatting marks around words, as both platforms use them. Inside words they are text. */
const MARKED = /(^|[\s("“])(\*\*|__|~~|\|\||[*_~])(?=\S)(.*?\S)\2(?=$|[\s).,;:!?"”])/g;

/** A line of prose as the platform displays it: without formatting marks, except in code. */
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

function fromSlack(text: string, names: Names, isCode: boolean): string {
  return text
    .replace(/<([^<>\n]*)>/g, (token, inner: string) => slackToken(inner, names, isCode) ?? token)
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** https://docs.slack.dev/messaging/formatting-message-text */
function slackToken(inner: string, names: Names, isCode: boolean): string | undefined {
  const [target = "", label] = inner.split("|", 2);
  if (target.startsWith("@")) return at(names, target.slice(1)) ?? `@${label ?? target.slice(1)}`;
  if (target.startsWith("#")) return `#${label ?? names.get(target.slice(1)) ?? target.slice(1)}`;
  if (target.startsWith("!")) return `@${(label ?? target.slice(1)).replace(/^@/, "")}`;
  if (!/^(https?|mailto|ftp):/.test(target)) return undefined;
  if (label === undefined || label === target) return target;
  if (isCode) return label;
  const typed = target.replace(/^(mailto:|https?:\/\/)/, "");
  const isText = !target.startsWith("http") || FILE.test(label);
  return label === typed && isText ? label : `[${label}](${target})`;
}

/** Slack takes a file's name for a host if it ends like one. Another host that it linked is a link. */
const FILE = /\.(?:md|rs|sh|py|pl)$/;

function at(names: Names, id: string): string | undefined {
  const name = names.get(id);
  return name === undefined ? undefined : `@${name}`;
}
