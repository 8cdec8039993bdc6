import type { REST } from "@discordjs/rest";
import { MessageType, RESTJSONErrorCodes as Code, Routes } from "discord-api-types/v10";
import { z } from "zod";
import { positionAt } from "../../../convex/model/shared/positions.ts";
import { postWindow } from "../../core/outbox/post_window.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import { lenient, lenientList } from "../../core/shared/lenient.ts";
import type { Delivery, Found, Piece } from "../../platform.ts";
import { isWithLines } from "../../core/outbox/file_lines.ts";
import { fileLines, relayHeader } from "./format.ts";
import { referenceOf } from "./references.ts";
import { explain, isCode, ownFailure } from "../sdk_errors.ts";

/**
 * How long after its first claim, in ms, a delivery's nonce can be relied on. Discord keeps nonces for "the past few
 * minutes"; the resend comes up to a minute after the claim from which this is measured.
 * https://discord.com/developers/docs/resources/message#create-message
 */
const NONCE_MS = 100_000;

const PAGE = 100;
const MAX_PAGES = 10;

const snowflake = z.string().regex(/^\d{1,20}$/);
const messageSchema = z.object({
  id: snowflake,
  type: lenient(z.number()),
  content: lenient(z.string()),
  author: lenient(z.object({ id: z.string() })),
  application_id: lenient(z.string()),
  message_reference: lenient(z.object({ message_id: lenient(z.string()) })),
});
type SeenMessage = z.infer<typeof messageSchema>;
const pageSchema = z.array(messageSchema);
const channelSchema = z.object({ last_message_id: lenient(snowflake) });
const threadsSchema = z.object({
  threads: lenientList(z.object({ id: snowflake, parent_id: z.string() })),
});

/** What a bot posts. The first message of a thread that it opened is its own too, of another type. */
const POSTED: ReadonlySet<number | undefined> = new Set([
  undefined,
  MessageType.Default,
  MessageType.Reply,
]);

/** Posts of a forum that are looked at: more are not made in the time of one request. */
const MAX_POSTS = 20;

interface FinderOptions {
  /** Only reads, and may repeat requests. */
  readonly rest: REST;
  /** The application that owns the bridge's webhooks. */
  readonly appId: () => string;
  readonly isForum: (id: string) => boolean;
}

/**
 * Looks for posts whose outcome is unknown, by author, question and text: Discord's history has no nonce.
 * docs/races.md#discord-history-has-no-nonce
 */
export class Finder {
  #botId: string | undefined;

  constructor(private readonly options: FinderOptions) {}

  /** Throws `PlatformError` when the channel can't be read. */
  async find(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<Found> {
    // A resend returns the earlier post where there is one, and creates it otherwise.
    const { ageMs, onlyFind, lookFirst, outcomeUnknown, relayed } = delivery;
    // A webhook's posts have no nonce: docs/races.md#a-relayed-post-has-no-nonce
    const isSearched = [relayed, onlyFind, lookFirst === true && !outcomeUnknown].includes(true);
    if (ageMs <= NONCE_MS && !isSearched) return { status: "repeatable" };
    try {
      const botId = (this.#botId ??= await this.#ownId(signal));
      const candidates = await this.#candidates(delivery, part, signal);
      if (candidates === undefined)
        return { status: "unsure", reason: "too many messages have been posted since to search" };
      const appId = relayed ? this.options.appId() : botId;
      const own = candidates
        .filter(({ type }) => POSTED.has(type))
        .filter(({ author, application_id: app }) => author?.id === botId || app === appId);
      const found = relayed
        ? matchRelayed(own, delivery, piece)
        : match(own, referenceOf(delivery, part), piece);
      // A message without an author or a text may be the post.
      const isOdd = ({ author, content }: SeenMessage) =>
        author === undefined || (author.id === botId && content === undefined);
      if (found.status !== "posted" && candidates.some(isOdd)) throw ownFailure("malformed_answer");
      return found;
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      const { aborted } = signal;
      const explained = explain(error, { operation: "read", sent: true, aborted });
      const isThreadGone =
        delivery.threadId !== undefined && isCode(explained, Code.UnknownChannel);
      if (isThreadGone) return { status: "absent" };
      throw explained;
    }
  }

  /** The messages from the time in which the part may have been posted. `undefined`: too many to search. */
  async #candidates(delivery: Delivery, part: number, signal: AbortSignal) {
    const { threadId, posts, newestPost = "0" } = delivery;
    const isForum = threadId === undefined && this.options.isForum(delivery.channel);
    const channel = threadId ?? (isForum ? posts[0]?.externalId : undefined) ?? delivery.channel;
    const previous = posts.find((post) => post.part === part - 1);
    const { from, to } = postWindow(delivery);
    const end = snowflakeAt(to);
    const start = snowflakeAt(from);
    // An edit adds parts behind what was posted since.
    const floor = [BigInt(previous?.externalId ?? 0), BigInt(newestPost)].reduce(later);
    let after = previous || floor > start ? floor : start;
    if (isForum && posts.length === 0) return await this.#forumPosts(channel, after, end, signal);
    const messages: SeenMessage[] = [];
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await this.#page(channel, after, PAGE, signal);
      messages.push(...page.filter(({ id }) => BigInt(id) <= end));
      const newest = page.at(-1);
      if (newest === undefined || page.length < PAGE || BigInt(newest.id) > end) {
        if (messages.length === 0) await this.#checkReadable(channel, after, signal);
        return messages;
      }
      after = BigInt(newest.id);
    }
    return undefined;
  }

  /**
   * To a bot without permission to read history, Discord returns an empty one, without an error. A channel with a reply
   * holds at least the question or the start of the thread; one to which is relayed may hold nothing yet.
   */
  async #checkReadable(channel: string, after: bigint, signal: AbortSignal): Promise<void> {
    const newest = await this.#page(channel, 0n, 1, signal);
    if (newest.length > 0) return;
    const answer = await this.options.rest.get(Routes.channel(channel), { signal });
    const { last_message_id: last } = channelSchema.parse(answer);
    if (BigInt(last ?? 0) > after) throw ownFailure("history_hidden");
  }

  /** The first messages of a forum's posts. */
  async #forumPosts(forum: string, after: bigint, end: bigint, signal: AbortSignal) {
    const { rest } = this.options;
    const channel = z.object({ guild_id: z.string() });
    const { guild_id: guildId } = channel.parse(await rest.get(Routes.channel(forum), { signal }));
    const answer = await rest.get(Routes.guildActiveThreads(guildId), { signal });
    const { threads } = threadsSchema.parse(answer);
    const recent = threads
      .filter(({ id, parent_id: parent }) => parent === forum && BigInt(id) > after)
      .filter(({ id }) => BigInt(id) <= end)
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    if (recent.length > MAX_POSTS) return undefined;
    const found: SeenMessage[] = [];
    for (const { id } of recent)
      found.push(...(await this.#page(id, BigInt(id) - 1n, 1, signal)).filter((m) => m.id === id));
    return found;
  }

  /** Oldest first. */
  async #page(channel: string, after: bigint, limit: number, signal: AbortSignal) {
    const query = new URLSearchParams({ after: String(after), limit: String(limit) });
    const answer = await this.options.rest.get(Routes.channelMessages(channel), { query, signal });
    const page = pageSchema.safeParse(answer);
    if (!page.success) throw ownFailure("malformed_answer");
    return page.data.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  async #ownId(signal: AbortSignal): Promise<string> {
    const me = z.object({ id: z.string() });
    const answer = me.safeParse(await this.options.rest.get(Routes.user(), { signal }));
    if (!answer.success) throw ownFailure("malformed_answer");
    return answer.data.id;
  }
}

/** Which of the bot's own messages is the part. */
function match(own: readonly SeenMessage[], reference: string | undefined, piece: Piece): Found {
  const referenceOf = (message: SeenMessage) => message.message_reference?.message_id;
  // A post has no reference where the question was deleted before the answer.
  const [same, ...others] = own
    .filter((message) => [reference, undefined].includes(referenceOf(message)))
    .filter(({ content = "" }) => comparable(content) === comparable(piece.text));
  if (others.length > 0)
    return { status: "unsure", reason: "several posts of the bot look like it" };
  if (same !== undefined) return { status: "posted", externalId: same.id };
  return reference !== undefined && own.some((message) => referenceOf(message) === reference)
    ? { status: "unsure", reason: "another post of the bot answers the same message" }
    : { status: "absent" };
}

/**
 * Which of the bridge's own messages is the relayed part. All of them are newer than what its place had before, where one
 * delivery is under way at a time: the first with its text is the part, and any other should not be there.
 */
function matchRelayed(own: readonly SeenMessage[], delivery: Delivery, piece: Piece): Found {
  const texts = (["webhook", "bot"] as const).map((by) =>
    comparable(relayHeader(delivery, piece, by) + piece.text),
  );
  // Which files went along is not known.
  const lines = fileLines(delivery).map(comparable);
  const same = own.find(({ content = "" }) =>
    texts.some((text) => isWithLines(comparable(content), text, lines)),
  );
  if (same) return { status: "posted", externalId: same.id };
  return own.length === 0
    ? { status: "absent" }
    : { status: "unsure", reason: "another post of the bridge is in its place" };
}

/** Discord trims what it stores, so white space does not distinguish two posts. */
function comparable(content: string): string {
  return content.normalize("NFC").replace(/\s+/g, " ").trim();
}

function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

/** The lowest snowflake of that moment (ms since 1970). */
function snowflakeAt(ms: number): bigint {
  return BigInt(positionAt("discord", Math.round(ms)));
}
