import type { PlatformName } from "../../../bridges/platform.ts";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import type { PersonAct } from "../../stand_ins/chat.ts";
import { groupBy } from "./group_by.ts";
import { bare, words } from "./plain_text.ts";
import type { RelayVerdict } from "./relay/record.ts";
import type { StandingPost } from "./standing.ts";

/** What happened in a mapped channel, as recorded by the platform's stand-in. A verdict compares Convex with it. */
export interface ChannelRecord {
  readonly platform: PlatformName;
  readonly channel: string;
  /** What people did in the channel and its threads since the mapping. */
  readonly acts: readonly PersonAct[];
  readonly posts: readonly StandingPost[];
  /** Whether every message is answered (`--trigger always`). */
  readonly answers: boolean;
  /** Whether other channels hear it: then `judgeRelay` compares what was posted. */
  readonly relays?: boolean;
  /** Renders the text that Convex should hold for the platform's text, independently of the bridge. */
  readonly read: (text: string) => string;
}

export interface Verdict {
  readonly mirrored: number;
  /** Messages that appeared in another channel; see `judgeRelay`. */
  readonly relayed: number;
  readonly replies: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Relayed ones that are behind a later one. */
  readonly inverted: number;
  /** A description of each difference. Empty if there is none. */
  readonly differences: readonly string[];
}

/** A message that Convex should hold. */
interface Expected {
  readonly id: string;
  readonly place: string;
  /** Null if it was deleted. */
  readonly text: string | null;
}

/**
 * Compares what people did and what the platforms accepted with what Convex holds. Every message must be in Convex once,
 * in order, as last edited; every reply must be on the platform once, complete; every post must belong to a reply.
 */
export function judge(records: readonly ChannelRecord[], rows: readonly TranscriptRow[]): Verdict {
  const tally = { mirrored: 0, replies: 0, lost: 0, duplicated: 0 };
  const differences: string[] = [];
  for (const record of records) {
    const own = rows.filter(
      ({ platform, channel }) => platform === record.platform && channel === record.channel,
    );
    judgeMessages(record, own, tally, differences);
    if (record.relays) continue;
    judgeReplies(record, own, tally, differences);
    if (record.answers) judgeAnswers(record.platform, own, differences);
  }
  return { ...tally, relayed: 0, inverted: 0, differences };
}

/** Adds what `judgeRelay` found of some channels. */
export function withRelay(verdict: Verdict, relay: RelayVerdict): Verdict {
  return {
    mirrored: verdict.mirrored,
    relayed: verdict.relayed + relay.relayed,
    replies: verdict.replies + relay.replies,
    lost: verdict.lost + relay.lost,
    duplicated: verdict.duplicated + relay.duplicated,
    inverted: verdict.inverted + relay.inverted,
    differences: [...verdict.differences, ...relay.differences],
  };
}

type Tally = Record<"mirrored" | "replies" | "lost" | "duplicated", number>;

function judgeMessages(
  { platform, acts, read }: ChannelRecord,
  rows: readonly TranscriptRow[],
  tally: Tally,
  differences: string[],
): void {
  const said = rows.filter(({ externalId }) => externalId !== undefined);
  const byId = groupBy(said, ({ externalId = "" }) => externalId);
  const expected = expectedMessages(acts, read);
  for (const { id, text, place } of expected) {
    const [row, ...copies] = byId.get(id) ?? [];
    byId.delete(id);
    const name = `${platform} message ${id} in ${place}`;
    if (!row) {
      // Deleted before a bridge received it: there is nothing to mirror.
      if (text === null) continue;
      tally.lost++;
      differences.push(`lost: ${name} is not in Convex`);
      continue;
    }
    if (copies.length > 0) {
      tally.duplicated += copies.length;
      differences.push(`duplicated: ${name} is in Convex ${(copies.length + 1).toString()} times`);
    }
    if (text === null) {
      if (row.deletedAt === undefined) differences.push(`not deleted: ${name}`);
      continue;
    }
    tally.mirrored++;
    if (row.deletedAt !== undefined) differences.push(`deleted: ${name} still exists`);
    else if (bare(row.content) !== bare(text)) differences.push(`different text: ${name}`);
    if (placeOf(row) !== place) differences.push(`misplaced: ${name} is stored in ${placeOf(row)}`);
  }
  for (const id of byId.keys())
    differences.push(`unknown: ${platform} message ${id} was never posted`);
  judgeOrder(platform, expected, said, differences);
}

function expectedMessages(acts: readonly PersonAct[], read: ChannelRecord["read"]): Expected[] {
  const messages = new Map<string, Expected>();
  for (const act of acts) {
    const key = `${act.channel} ${act.id}`;
    const known = messages.get(key);
    const text = act.kind === "delete" ? null : read(act.text);
    if (act.kind === "say") messages.set(key, { id: act.id, place: nameOfPlace(act), text });
    else if (known) messages.set(key, { ...known, text });
  }
  return [...messages.values()];
}

function judgeOrder(
  platform: PlatformName,
  expected: readonly Expected[],
  stored: readonly TranscriptRow[],
  differences: string[],
): void {
  const places = groupBy(expected, ({ place }) => place);
  const inOrder = stored.toSorted(byPosition);
  for (const [place, messages] of places) {
    const wanted = messages.map(({ id }) => id);
    const known = new Set(wanted);
    const found = inOrder.map(({ externalId = "" }) => externalId).filter((id) => known.has(id));
    const present = new Set(found);
    const late = wanted.filter((id) => present.has(id)).find((id, at) => found[at] !== id);
    if (late !== undefined) differences.push(`out of order: ${platform} ${place} at ${late}`);
  }
}

function judgeReplies(
  { platform, posts }: ChannelRecord,
  rows: readonly TranscriptRow[],
  tally: Tally,
  differences: string[],
): void {
  const unmatched = new Map(posts.map((post) => [post.id, post]));
  for (const row of rows) {
    if (row.kind !== "reply" && row.kind !== "notice") continue;
    const name = `${platform} reply ${row._id}`;
    const made = row.posts.flatMap((id) => unmatched.get(id) ?? []);
    const pieces = made.filter(({ removed }) => removed === undefined);
    for (const id of row.posts) unmatched.delete(id);
    if (row.deletedAt !== undefined) {
      if (pieces.length > 0) differences.push(`not taken back: ${name} is still seen`);
      continue;
    }
    if (pieces.length === 0) {
      tally.lost++;
      differences.push(`lost: ${name} is not on the platform`);
      continue;
    }
    tally.replies++;
    const text = pieces.map((piece) => piece.text).join("\n");
    if (words(platform, text) !== words(platform, row.content))
      differences.push(`different text: ${name}`);
    if (pieces.some((piece) => nameOfPlace(piece) !== placeOf(row))) {
      differences.push(`misplaced: ${name} was not posted in ${placeOf(row)}`);
    }
  }
  for (const post of unmatched.values()) {
    tally.duplicated++;
    differences.push(
      `duplicated: ${platform} post ${post.id} in ${nameOfPlace(post)} belongs to no reply or repeats one`,
    );
  }
}

/** Checks that the newest message of each conversation is a reply. */
function judgeAnswers(
  platform: PlatformName,
  rows: readonly TranscriptRow[],
  differences: string[],
): void {
  const spoken = rows.filter(({ kind, deletedAt }) => kind !== "notice" && deletedAt === undefined);
  for (const [place, conversation] of groupBy(spoken, placeOf)) {
    const newest = conversation.toSorted(byPosition).at(-1);
    if (newest && newest.kind !== "reply") {
      differences.push(`unanswered: ${platform} message ${newest.externalId ?? ""} in ${place}`);
    }
  }
}

function byPosition(a: TranscriptRow, b: TranscriptRow): number {
  return (a.position ?? "") < (b.position ?? "") ? -1 : 1;
}

function nameOfPlace({ channel, thread }: { channel: string; thread?: string }): string {
  return thread === undefined ? channel : `${channel}/${thread}`;
}

function placeOf({ channel = "", threadId }: TranscriptRow): string {
  return nameOfPlace({ channel, ...(threadId !== undefined && { thread: threadId }) });
}
