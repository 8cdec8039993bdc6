import { cut } from "../../../convex/model/shared/text.ts";
import { plainText } from "../../core/markdown/plain_text.ts";
import { withoutPings } from "../../core/markdown/safety/pings.ts";
import { PINGS } from "./dialect.ts";

/** What is read of a text for a name, in UTF-16 units. */
const MAX_READ = 4_000;
/** A longer text may have been cut. Convex cuts a question near here. */
const MAY_BE_CUT = 990;

/**
 * A thread's name: the first line of words of the question, or of the answer if it has none, as people read it. At most 60
 * characters as they count them, and of the 100 that Discord allows, which counts each mark and each part of an emoji.
 * https://discord.com/developers/docs/resources/channel#start-thread-from-message
 */
export function threadName(question: string, answer = ""): string {
  const line = lineOf(question) ?? lineOf(answer);
  return line === undefined ? "Reply" : shortened(withoutPings(line, PINGS));
}

function lineOf(content: string): string | undefined {
  const lines = plainText(cut(content, MAX_READ), content.length > MAY_BE_CUT)
    .split("\n")
    .map((line) => line.replace(TOKEN, (_, emoji?: string) => emoji ?? ""))
    .map((line) => line.replace(/[\s\p{Cc}]+/gu, " ").trim());
  return (
    lines.find((line) => /[\p{L}\p{N}]/u.test(line)) ??
    lines.find((line) => /[^\p{Default_Ignorable_Code_Point}\s]/u.test(line))
  );
}

function shortened(plain: string): string {
  let name = "";
  let count = 0;
  for (const { segment } of graphemes.segment(plain)) {
    const isLast = name.length + segment.length === plain.length;
    if (name.length + segment.length > (isLast ? 100 : 99) || count === (isLast ? 60 : 59))
      return name === "" ? "Reply" : `${name.trimEnd()}…`;
    name += segment;
    count += 1;
  }
  return name;
}

const graphemes = new Intl.Segmenter();

/** A mention of which nobody knows the name, or an emoji of a server. */
const TOKEN = /<(?:[@#][!&]?\d+|a?(:\w+:)\d+)>/g;
