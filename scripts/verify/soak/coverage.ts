import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import { groupBy } from "../demo/group_by.ts";
import { BROKEN_OFF } from "../../../convex/model/replies/ai_service/visible_text.ts";
import { words } from "../demo/plain_text.ts";
import type { ChannelRecord } from "../demo/verdict.ts";
import { answerTo } from "../../stand_ins/openai/answers.ts";
import type { OpenAiRequest } from "../../stand_ins/openai/stand_in.ts";

/**
 * Checks channels in which messages are answered: every message was in a request to the AI whose answer was posted, and
 * the replies are on the platform in the order in which they were written. Returns a description of each failure.
 */
export function judgeCoverage(
  records: readonly ChannelRecord[],
  rows: readonly TranscriptRow[],
  requests: readonly OpenAiRequest[],
): string[] {
  const shown = groupBy(requests, ({ messages }) => answerTo(messages));
  return records
    .filter(({ answers }) => answers)
    .flatMap((record) => {
      const replies = rows.filter(
        ({ platform, channel, kind, posts }) =>
          platform === record.platform &&
          channel === record.channel &&
          kind === "reply" &&
          posts.length > 0,
      );
      return [...unanswered(record, replies, shown), ...inversions(record, replies)];
    });
}

/** What an answer says that broke off before its end. */
function beginningIn(content: string): string | undefined {
  const note = `\n\n_${BROKEN_OFF}_`;
  return content.endsWith(note) ? content.slice(0, -note.length) : undefined;
}

function unanswered(
  { platform, acts }: ChannelRecord,
  replies: readonly TranscriptRow[],
  shown: ReadonlyMap<string, readonly OpenAiRequest[]>,
): string[] {
  const cut = [...shown].map(([answer, of]) => ({ words: words(platform, answer), of }));
  const read = replies
    .flatMap(({ content }) => {
      const begun = beginningIn(content);
      if (begun === undefined) return shown.get(content) ?? [];
      // A later attempt begins with the same words, and may have been sent more.
      return cut.findLast((each) => each.words.startsWith(words(platform, begun)))?.of ?? [];
    })
    .flatMap(({ messages }) => messages.map(({ content }) => content))
    .join("\n");
  const tokens = new Set(read.match(/\bm\d+(?=:)/g));
  const deleted = new Set(acts.filter(({ kind }) => kind === "delete").map(({ id }) => id));
  return acts.flatMap((act) => {
    const token = act.kind === "say" ? /^m\d+(?=:)/.exec(act.text)?.[0] : undefined;
    if (token === undefined || deleted.has(act.id) || tokens.has(token)) return [];
    return [
      `not covered: ${platform} message ${act.id} (${token}) in ${act.channel} is in the context of no reply`,
    ];
  });
}

function inversions(
  { platform, posts }: ChannelRecord,
  replies: readonly TranscriptRow[],
): string[] {
  const at = new Map(posts.map(({ id }, index) => [id, index]));
  const lanes = groupBy(replies, ({ threadId = "" }) => threadId);
  return [...lanes].flatMap(([thread, lane]) => {
    const given = lane
      .toSorted((a, b) => a._creationTime - b._creationTime)
      .flatMap((row) => row.posts)
      // The others are copies elsewhere.
      .filter((id) => at.has(id))
      .map((id) => ({ id, index: at.get(id) ?? -1 }));
    const early = given.find(({ index }, n) => index < (given[n - 1]?.index ?? -1));
    return early ? [`inverted: ${platform} post ${early.id} in thread "${thread}"`] : [];
  });
}
