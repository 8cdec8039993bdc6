import type { AcceptedPost } from "../../../stand_ins/chat.ts";
import { groupBy } from "../group_by.ts";
import { words } from "../plain_text.ts";
import { MOST_PARTS, type RelayRecord, type Tally } from "./record.ts";

/** Compares what the AI answered with the bot's own posts. Returns how many of the answers are there. */
export function judgeAnswers(record: RelayRecord, tally: Tally, differences: string[]): number {
  const { platform, answers } = record;
  const posts = record.posts.filter(({ persona }) => !persona);
  const open = groupBy([...answers.keys()], (at) => words(platform, answers[at] ?? ""));
  let found = 0;
  let newest = -1;
  for (let index = 0; index < posts.length;) {
    let at: number | undefined;
    let count = 0;
    while (at === undefined && count < MOST_PARTS && index + count < posts.length) {
      count++;
      const text = posts.slice(index, index + count).map((post) => post.text);
      at = open.get(words(platform, unquoted(text.join("\n"))))?.shift();
    }
    const post = posts[index];
    if (!post) break;
    if (at === undefined) {
      tally.duplicated++;
      differences.push(`duplicated: ${platform} post ${post.id} repeats an answer or is none`);
    } else {
      found++;
      if (at < newest) {
        tally.inverted++;
        differences.push(`out of order: the answer ${post.id} on ${platform} is late`);
      }
      newest = Math.max(newest, at);
    }
    index += at === undefined ? 1 : count;
  }
  const lost = [...open.values()].flat();
  tally.lost += lost.length;
  for (const at of lost)
    differences.push(`lost: not on ${platform} is “${(answers[at] ?? "").slice(0, 80)}”`);
  if (platform === "discord") judgeQuestions(record, posts, differences);
  else judgeQuotes(record, posts, differences);
  return found;
}

/** Where a platform can't show what a message answers, that is quoted before it. */
const QUOTE = /^> (.*)\n\n/;

function unquoted(text: string): string {
  return text.replace(QUOTE, "");
}

function judgeQuotes(
  { platform, asks }: RelayRecord,
  posts: readonly AcceptedPost[],
  differences: string[],
): void {
  for (const { id, text } of posts) {
    const quoted = QUOTE.exec(text)?.[1];
    if (quoted !== undefined && !asks(quoted))
      differences.push(`misplaced: the answer ${id} on ${platform} does not quote its question`);
  }
}

/** Discord shows the question of an answer. The newest one of each platform must have an answer. */
function judgeQuestions(
  { platform, seen, asks }: RelayRecord,
  posts: readonly AcceptedPost[],
  differences: string[],
): void {
  const questions = seen.filter(({ text }) => asks(text));
  const ids = new Set(questions.map(({ id }) => id));
  const answered = new Set(posts.map(({ replyTo }) => replyTo));
  for (const { id, replyTo } of posts)
    if (replyTo !== undefined && !ids.has(replyTo))
      differences.push(`misplaced: the answer ${id} on ${platform} is no reply to a question`);
  for (const isCopy of [true, false]) {
    const newest = questions.findLast(({ fromBot }) => fromBot === isCopy);
    if (newest && !answered.has(newest.id))
      differences.push(`unanswered: ${newest.author}'s question ${newest.id} on ${platform}`);
  }
}
