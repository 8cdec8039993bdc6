import { customEmoji, fullEmoji } from "../../../core/shared/emoji.ts";
import { EMOJI_NAMES } from "./emoji_names.ts";

const BY_NAME = readNames();

function readNames(): ReadonlyMap<string, string> {
  const byName = new Map<string, string>();
  let emoji = "";
  for (const token of EMOJI_NAMES.trim().split(/\s+/)) {
    if (/^[a-z0-9_+'-]+$/.test(token)) byName.set(token, emoji);
    else emoji = token;
  }
  return byName;
}

const FLAG = /^flag-([a-z])([a-z])$/;
/** The letter A as half of a flag. */
const REGIONAL_A = 0x1f1e6;
/** The first of the skin tones, which Slack numbers from 2 to 6. https://docs.slack.dev/reference/methods/reactions.add */
const TONE_2 = 0x1f3fb;
const TONED = /^(.+?)::skin-tone-([2-6])(?:-\d)?$/;

/** The emoji of a name in a reaction, such as `thumbsup::skin-tone-3`; `:name:` for the workspace's own. */
export function emojiNamed(name: string): string {
  const [, base = name, tone] = TONED.exec(name) ?? [];
  const emoji = BY_NAME.get(base) ?? flagNamed(base);
  if (emoji === undefined) return customEmoji(base);
  if (tone === undefined) return fullEmoji(emoji);
  const [first = "", ...rest] = emoji;
  return fullEmoji(first + String.fromCodePoint(TONE_2 + Number(tone) - 2) + rest.join(""));
}

function flagNamed(name: string): string | undefined {
  const letters = FLAG.exec(name)?.slice(1);
  const codes = letters?.map((letter) => REGIONAL_A + letter.charCodeAt(0) - "a".charCodeAt(0));
  return codes && String.fromCodePoint(...codes);
}
