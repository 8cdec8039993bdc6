import type { PlatformName } from "../../../bridges/platform.ts";
import type { ChatStandIn, PersonAct } from "../../stand_ins/chat.ts";
import { groupBy } from "../demo/group_by.ts";
import type { ChannelRecord, Verdict } from "../demo/verdict.ts";
import { tokenOf } from "./traffic.ts";

/** One of two channels that are relayed to each other. */
export interface RelayedChannel extends ChannelRecord {
  readonly chat: Pick<ChatStandIn, "transcript">;
}

/** What somebody said, and what must be seen of it in the other channel. */
interface Said {
  readonly id: string;
  readonly token: string;
  /** The token of the message that its thread was started from; "" in the channel itself. */
  readonly root: string;
  /** The id of that thread. */
  readonly thread: string | undefined;
  /** Null if it was deleted. */
  readonly text: string | null;
}

interface Copy {
  readonly token: string;
  readonly root: string;
  readonly text: string;
  /** Its place among the copies of its channel or thread. */
  readonly at: number;
}

/**
 * Compares what people said in each channel with its copies in the other: every message is there once, with its newest
 * text, in the thread that corresponds to its own, and deleted ones are gone. The copies of a place are in the order in
 * which their messages were said. Slack may deliver a message after a later one: such a pair may also be in the order
 * in which Convex stored it (`storedAt`, by the platforms' ids). A thread may be elsewhere whose root came later, or was
 * deleted.
 */
export function judgeRelay(
  channels: readonly [RelayedChannel, RelayedChannel],
  storedAt: ReadonlyMap<string, number>,
): Verdict {
  const [one, other] = channels;
  const verdicts = [judgeCopies(one, other, storedAt), judgeCopies(other, one, storedAt)];
  const sum = (key: "relayed" | "lost" | "duplicated" | "inverted") =>
    verdicts.reduce((total, verdict) => total + verdict[key], 0);
  return {
    mirrored: 0,
    relayed: sum("relayed"),
    replies: 0,
    lost: sum("lost"),
    duplicated: sum("duplicated"),
    inverted: sum("inverted"),
    differences: verdicts.flatMap(({ differences }) => differences),
  };
}

function judgeCopies(
  from: RelayedChannel,
  to: RelayedChannel,
  storedAt: ReadonlyMap<string, number>,
): Verdict {
  const verdict = { mirrored: 0, relayed: 0, replies: 0, lost: 0, duplicated: 0, inverted: 0 };
  const differences: string[] = [];
  const said = messagesOf(from);
  const copies = groupBy(copiesIn(to), ({ token }) => token);
  const found = new Map<Said, Copy>();
  const rootless = new Set([...deletedIn(from), ...deletedIn(to), ...lateRoots(from, storedAt)]);
  for (const message of said) {
    const [copy, ...others] = copies.get(message.token) ?? [];
    copies.delete(message.token);
    const name = `${from.platform} ${message.token} on ${to.platform}`;
    if (message.text === null) {
      if (copy) differences.push(`not deleted: ${name}`);
      continue;
    }
    if (!copy) {
      verdict.lost += 1;
      differences.push(`lost: ${name}`);
      continue;
    }
    verdict.relayed += 1;
    verdict.duplicated += others.length;
    if (others.length > 0) differences.push(`duplicated: ${name}`);
    if (words(copy.text) !== words(message.text)) differences.push(`different text: ${name}`);
    if (copy.root !== message.root && !rootless.has(message.root))
      differences.push(`misplaced: ${name} is at "${copy.root}" instead of "${message.root}"`);
    found.set(message, copy);
  }
  for (const token of copies.keys()) {
    verdict.duplicated += 1;
    differences.push(`duplicated: ${token} on ${to.platform} was said there, or never`);
  }
  const late = inversions(from.platform, found, storedAt);
  differences.push(...late.map((token) => `inverted: ${from.platform} ${token} on ${to.platform}`));
  return { ...verdict, inverted: late.length, differences };
}

/** The tokens of the messages whose copy is behind that of a later one. */
function inversions(
  platform: PlatformName,
  found: ReadonlyMap<Said, Copy>,
  storedAt: ReadonlyMap<string, number>,
): string[] {
  const isOvertaken = ([{ id }, { at }]: [Said, Copy], later: readonly [Said, Copy][]) =>
    later.some(([next, copy]) => {
      if (copy.at > at) return false;
      const [stored = 0, nextStored = 0] = [storedAt.get(id), storedAt.get(next.id)];
      return platform === "discord" || stored < nextStored;
    });
  const places = groupBy([...found], ([{ root }, copy]) => `${root} ${copy.root}`);
  return [...places.values()].flatMap((place) =>
    place.filter((pair, n) => isOvertaken(pair, place.slice(n + 1))).map(([{ token }]) => token),
  );
}

/** The tokens of what was started a thread from, and stored after a message of the thread. */
function lateRoots(channel: RelayedChannel, storedAt: ReadonlyMap<string, number>): string[] {
  if (channel.platform === "discord") return [];
  return messagesOf(channel)
    .filter(({ id, thread = "" }) => (storedAt.get(id) ?? 0) < (storedAt.get(thread) ?? 0))
    .map(({ root }) => root);
}

function deletedIn(channel: RelayedChannel): string[] {
  return messagesOf(channel)
    .filter(({ text }) => text === null)
    .map(({ token }) => token);
}

function messagesOf(channel: RelayedChannel): Said[] {
  const messages = new Map<string, Said>();
  const tokens = tokensIn(channel);
  for (const act of channel.acts) {
    const known = messages.get(act.id);
    const text = act.kind === "delete" ? null : channel.read(act.text);
    if (known) messages.set(act.id, { ...known, text });
    else if (act.kind === "say") {
      const { id, thread } = act;
      const root = thread === undefined ? "" : (tokens.get(thread) ?? "?");
      messages.set(id, { id, token: tokens.get(id) ?? "?", root, thread, text });
    }
  }
  return [...messages.values()];
}

function copiesIn(channel: RelayedChannel): Copy[] {
  const { chat, channel: id, acts, posts, answers } = channel;
  const tokens = tokensIn(channel);
  const threads = new Set([...acts, ...posts].map(({ thread }) => thread));
  return [...threads.add(undefined)].flatMap((thread) =>
    chat
      .transcript(id, thread)
      .filter(({ fromBot, inPersona }) => fromBot && (inPersona ?? !answers))
      .map(({ text }, at) => {
        const root = thread === undefined ? "" : (tokens.get(thread) ?? "?");
        return { token: tokenOf(text) ?? text, root, text, at };
      }),
  );
}

/** The tokens of what was said and posted in a channel, by the platform's ids. */
function tokensIn({ acts, posts }: RelayedChannel): Map<string, string | undefined> {
  const said = acts.filter((act): act is Extract<PersonAct, { kind: "say" }> => act.kind === "say");
  return new Map([...said, ...posts].map(({ id, text }) => [id, tokenOf(text)]));
}

/** The text without marks, which the platforms escape in different ways. */
function words(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim();
}
