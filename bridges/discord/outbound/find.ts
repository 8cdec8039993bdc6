import type { REST } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import { z } from "zod";
import { postWindow } from "../../core/outbox/post_window.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Found, Piece } from "../../platform.ts";
import { explain } from "../failures.ts";

/**
 * How old, in ms, a first claim may be for its nonce to be known still. Discord says "the past few minutes"; the resend
 * comes up to a minute after the claim this is measured at.
 * https://discord.com/developers/docs/resources/message#create-message
 */
export const NONCE_MS = 100_000;

const PAGE = 100;
const MOST_PAGES = 10;

/** Snowflakes count ms from here. https://discord.com/developers/docs/reference#snowflakes */
const EPOCH = 1_420_070_400_000n;

const page = z.array(
  z.object({
    id: z.string().regex(/^\d{1,20}$/),
    content: z.string(),
    author: z.object({ id: z.string() }),
    message_reference: z.object({ message_id: z.string().optional() }).nullish(),
  }),
);
type Read = z.infer<typeof page>[number];

/** Looks for posts whose answer was lost. History carries no nonce, so after some minutes only the post itself tells [C4]. */
export class Finder {
  #botId: string | undefined;

  /** `rest` reads only, and may repeat requests. */
  constructor(private readonly rest: REST) {}

  async find(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<Found> {
    // Sent again, what was not there would be.
    if (delivery.ageMs <= NONCE_MS && delivery.onlyFind !== true) return { status: "repeatable" };
    try {
      const botId = (this.#botId ??= await this.#ownId(signal));
      const since = await this.#since(delivery, part, signal);
      if (since === undefined) return { status: "absent" };
      if (since === "tooMuch")
        return { status: "unsure", reason: "more was said since than the bridge reads again" };
      const own = since.filter(({ author }) => author.id === botId);
      return found(own, expectedReference(delivery, part), piece);
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      throw explain(error, { doing: "read", sent: true, aborted: signal.aborted });
    }
  }

  /** What was said while it may have been posted. Undefined: the thread it would stand in isn't there. */
  async #since(
    delivery: Delivery,
    part: number,
    signal: AbortSignal,
  ): Promise<Read[] | "tooMuch" | undefined> {
    const { channel, threadId } = delivery;
    const window = postWindow(delivery);
    const before = delivery.posts.find((post) => post.part === part - 1);
    const end = snowflakeAt(window.to);
    let after = before ? BigInt(before.externalId) : snowflakeAt(window.from);
    const messages: Read[] = [];
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const read = await this.#page(threadId ?? channel, { after, limit: PAGE }, signal);
      if (read === undefined) {
        if (threadId === undefined) throw channelGone();
        return undefined;
      }
      messages.push(...read.filter(({ id }) => BigInt(id) <= end));
      const newest = read.at(-1);
      if (newest === undefined || read.length < PAGE || BigInt(newest.id) > end) {
        if (messages.length === 0) await this.#checkReadable(threadId ?? channel, signal);
        return messages;
      }
      after = BigInt(newest.id);
    }
    return "tooMuch";
  }

  /** A bot that may not read history is shown an empty one. There is at least the question, or a thread's start. */
  async #checkReadable(channel: string, signal: AbortSignal): Promise<void> {
    const newest = await this.#page(channel, { after: 0n, limit: 1 }, signal);
    if (newest?.length === 0) throw unreadable();
  }

  /** Oldest first. Undefined: no such channel. */
  async #page(
    channel: string,
    { after, limit }: { after: bigint; limit: number },
    signal: AbortSignal,
  ): Promise<Read[] | undefined> {
    const query = new URLSearchParams({ after: String(after), limit: String(limit) });
    try {
      const read = page.parse(
        await this.rest.get(Routes.channelMessages(channel), { query, signal }),
      );
      return read.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    } catch (error) {
      const explained = explain(error, { doing: "read", sent: true, aborted: signal.aborted });
      if (explained.code === "10003") return undefined;
      throw explained;
    }
  }

  async #ownId(signal: AbortSignal): Promise<string> {
    const me = z.object({ id: z.string() });
    return me.parse(await this.rest.get(Routes.user(), { signal })).id;
  }
}

/** Which of the bot's own posts is the piece. */
function found(own: readonly Read[], reference: string | undefined, piece: Piece): Found {
  const refersTo = (message: Read) => message.message_reference?.message_id;
  // Without a reference where the question had been deleted before it was answered.
  const alike = own.filter(
    (message) => refersTo(message) === reference || refersTo(message) === undefined,
  );
  const same = alike.filter(({ content }) => comparable(content) === comparable(piece.text));
  const [only] = same;
  if (only !== undefined && same.length === 1) return { status: "posted", externalId: only.id };
  if (only !== undefined)
    return { status: "unsure", reason: "several posts of the bot look like it" };
  const other = reference !== undefined && own.some((message) => refersTo(message) === reference);
  return other
    ? { status: "unsure", reason: "another post of the bot answers the same message" }
    : { status: "absent" };
}

/** What the post refers to, as `Sender.post` makes it: only a reply's first part, and not where it opens a thread. */
function expectedReference({ threadId, replyTo }: Delivery, part: number): string | undefined {
  return part === 0 && threadId !== replyTo ? replyTo : undefined;
}

/** Discord trims what it stores, and white space is not what makes two posts differ. */
function comparable(content: string): string {
  return content.normalize("NFC").replace(/\s+/g, " ").trim();
}

function snowflakeAt(ms: number): bigint {
  const since = BigInt(Math.max(0, Math.round(ms))) - EPOCH;
  return since < 0n ? 0n : since << 22n;
}

const READING =
  "In Discord: Edit Channel > Permissions > the bot's role > allow Read Message History";

function unreadable(): PlatformError {
  return new PlatformError({
    code: "history_hidden",
    reason: "Discord shows the bot nothing of the channel's history",
    retryable: false,
    certain: true,
    step: READING,
    mapping: true,
  });
}

function channelGone(): PlatformError {
  return new PlatformError({
    code: "10003",
    reason: "the channel does not exist, or the bot can't see it",
    retryable: false,
    certain: true,
    step: "unmap the channel if it was deleted, else give the bot View Channel in Edit Channel > Permissions",
    mapping: true,
  });
}
