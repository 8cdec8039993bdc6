import type { PlatformName } from "../../../bridges/platform.ts";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import { words } from "../demo/plain_text.ts";
import type { RelayVerdict, Tally } from "../demo/relay/record.ts";
import type { StandingPost } from "../demo/standing.ts";
import type { RelayedChannel } from "./relay_verdict.ts";

/**
 * Compares the answers that Convex holds with what people see of them in channels that hear each other: each is whole in
 * every one, once, and nobody has seen it grow where it was not asked for. One that was taken back is gone.
 */
export function judgeStreams(
  channels: readonly RelayedChannel[],
  rows: readonly TranscriptRow[],
): RelayVerdict {
  const tally: Tally = { relayed: 0, replies: 0, lost: 0, duplicated: 0, inverted: 0 };
  const differences: string[] = [];
  const answers = rows.filter(({ kind }) => kind === "reply" || kind === "notice");
  for (const channel of channels) {
    const unmatched = new Map(ownPosts(channel).map((post) => [post.id, post]));
    for (const row of answers) {
      const pieces = row.posts.flatMap((id) => unmatched.get(id) ?? []);
      for (const { id } of pieces) unmatched.delete(id);
      const seen = pieces.filter(({ removed }) => removed === undefined);
      judgeAnswer(channel, row, seen, tally, differences);
    }
    for (const { id } of unmatched.values()) {
      tally.duplicated += 1;
      const name = `${channel.platform} post ${id}`;
      differences.push(`duplicated: ${name} belongs to no reply or repeats one`);
    }
  }
  return { ...tally, differences };
}

/** What the bot has posted as itself: the rest are copies of what people have said. */
function ownPosts({ posts }: RelayedChannel): StandingPost[] {
  return posts.filter(({ persona }) => persona === undefined);
}

function judgeAnswer(
  channel: RelayedChannel,
  row: TranscriptRow,
  seen: readonly StandingPost[],
  tally: Tally,
  differences: string[],
): void {
  const { platform } = channel;
  const name = `${row.kind ?? ""} ${row._id} on ${platform}`;
  const isHere = row.platform === platform;
  if (row.deletedAt !== undefined) {
    if (seen.length > 0) differences.push(`not taken back: ${name} is still seen`);
    return;
  }
  if (seen.length === 0) {
    // A notice is for those who asked.
    if (row.kind === "notice" && !isHere) return;
    tally.lost += 1;
    differences.push(`lost: ${name}`);
    return;
  }
  if (isHere) tally.replies += 1;
  const text = seen.map((post) => post.text).join("\n");
  if (!isSame(platform, text, row.content)) {
    const [shown, whole] = [text, row.content].map((each) => words(platform, each).length);
    differences.push(
      `different text: ${name} (${isHere ? "asked for here" : "a copy"}): ${shown ?? 0} letters of ${whole ?? 0}, ` +
        `in posts ${seen.map(({ id }) => id).join(", ")}`,
    );
  }
  if (!isHere && isEdited(channel, seen))
    differences.push(`seen growing: ${name}, which is a copy`);
}

/** Where a platform can't show what a message answers, that is quoted before it. On Discord a quote ends with its line. */
const QUOTE = /^> .*\n+/;

function isSame(platform: PlatformName, text: string, content: string): boolean {
  const whole = words(platform, content);
  return [text, text.replace(QUOTE, "")].some((each) => words(platform, each) === whole);
}

function isEdited({ chat, channel }: RelayedChannel, posts: readonly StandingPost[]): boolean {
  return posts.some(({ id, thread }) =>
    chat.transcript(channel, thread).some((message) => message.id === id && message.edited),
  );
}
