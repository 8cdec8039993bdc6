import { readFile } from "node:fs/promises";
import type { PlatformName } from "../../../bridges/platform.ts";
import { cut } from "../../../convex/model/shared/text.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import { plainText } from "./plain_text.ts";
import type { Stage } from "./stage.ts";
import { sleep } from "./stage.ts";
import { UsageError } from "./usage_error.ts";

export const REPLAY_FORMAT = `A chat log is a file of one JSON object a line, with at least
  user   the author's name
  text   the text in the form of Slack's API: &amp; &lt; &gt; escaped, <@Name> for a mention,
         <https://…> or <https://…|label> for a link
People of those names post the lines in order, each on Discord and on Slack, or with --relay in
turn on one of them, and expect it on the other.`;

/** The longest message that a person can post: Discord's limit for people with Nitro. */
const DISCORD_LIMIT = 4_000;

/** Messages posted without a pause between them. */
const AT_ONCE = 50;

/** One message of a chat log. */
export interface Line {
  readonly user: string;
  readonly text: string;
}

/** Reads the first `limit` lines. Throws `UsageError` naming the line that can't be read. */
export async function readChatLog(file: string, limit: number): Promise<Line[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    throw new UsageError(`cannot read ${file}`);
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(0, limit).map((line, index) => {
    const parsed = parseLine(line);
    if (!parsed) throw new UsageError(`${file}, line ${(index + 1).toString()}: not a message`);
    return parsed;
  });
}

function parseLine(line: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (!("user" in value) || !("text" in value)) return undefined;
  const { user, text } = value;
  return typeof user === "string" && typeof text === "string" ? { user, text } : undefined;
}

/** What `replay` does, for people. */
export function replayIntro(count: number): string {
  return `${count.toString()} messages are replayed on both platforms.`;
}

/** Replays the log on both platforms, in channels that are mirrored but not answered. */
export async function replay(stage: Stage, lines: readonly Line[]): Promise<void> {
  const admin = await stage.stack.adminClient();
  const channels = {
    discord: stage.stack.discord.addChannel("replay"),
    slack: stage.stack.slack.addChannel("replay"),
  };
  for (const platform of PLATFORMS) {
    const to = `${platform} replay`;
    const name = "replay";
    await stage.map(admin, platform, channels[platform], { to, name, trigger: "never" });
  }
  // A mapping reaches the bridge by subscription, which takes a moment.
  await sleep(500);
  for (const [index, { user, text }] of lines.entries()) {
    for (const platform of PLATFORMS) {
      stage.say(platform, channels[platform], user, asSaidOn(stage, platform, text));
    }
    if (index % AT_ONCE === AT_ONCE - 1) await sleep(20);
  }
}

/** The text as the platform's own client would send it. */
export function asSaidOn(stage: Stage, platform: PlatformName, text: string): string {
  const named = text.replace(/<@([^<>|]+)(?:\|([^<>]*))?>/g, (_, name: string, label?: string) =>
    stage.stack.chat(platform).mention(stage.person(platform, label ?? name)),
  );
  switch (platform) {
    case "slack":
      return named;
    case "discord":
      return cut(asTyped(named), DISCORD_LIMIT);
  }
}

/** Reverts Slack's encoding to what the author typed. Mentions stay: Discord's have the same form. */
function asTyped(text: string): string {
  const kept = text.replaceAll("<@", "\u0000");
  return plainText("slack", kept, new Map()).replaceAll("\u0000", "<@");
}
