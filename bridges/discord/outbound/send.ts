import { createHash } from "node:crypto";
import { MessageFlags, RESTJSONErrorCodes as Code, Routes } from "discord-api-types/v10";
import type { REST } from "@discordjs/rest";
import { z } from "zod";
import type { Delivery, Piece } from "../../platform.ts";
import { withoutPings } from "../../core/markdown/safety/pings.ts";
import { explain, isCode, ownFailure } from "../sdk_errors.ts";
import type { Operation } from "../failures.ts";
import { attempt } from "../rest.ts";
import { PINGS } from "./dialect.ts";

/** Mentions stay readable in the text and ping nobody, whatever the model or a person wrote. */
const PING_NOBODY = { parse: [], replied_user: false };
/** How long an inactive thread stays in the channel's list, in minutes. */
const AUTO_ARCHIVE_MINUTES = 1_440;
const MAX_OPENED = 1_000;

const messageSchema = z.object({ id: z.string() });

/** Posts, edits and deletes on Discord. One attempt each; every failure is a `PlatformError`. */
export class Sender {
  readonly #opened = new Set<string>();

  constructor(
    private readonly rest: REST,
    /** Whether that id is recorded as a thread. */
    private readonly isThread: (id: string) => boolean,
    /** Discord no longer accepts the token, so nothing can be sent. */
    private readonly onTokenRefused: () => void,
  ) {}

  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    const { threadId, replyTo } = delivery;
    // A thread has the id of the message it starts from, so this one has to be opened at the question. (A question
    // asked in a thread has an id of its own, and the first message of a forum post is in a thread that is recorded.)
    const opensThread = threadId !== undefined && threadId === replyTo;
    if (opensThread && part === 0) await this.#open(delivery, threadId, signal);
    const answer = await this.#send("post", delivery, signal, () =>
      this.rest.post(Routes.channelMessages(threadId ?? delivery.channel), {
        body: {
          content: piece.text,
          nonce: nonceOf(delivery.deliveryId, part),
          enforce_nonce: true,
          allowed_mentions: PING_NOBODY,
          flags: MessageFlags.SuppressEmbeds,
          ...(part === 0 && replyTo !== undefined && !opensThread
            ? { message_reference: { message_id: replyTo, fail_if_not_exists: false } }
            : {}),
        },
        signal,
      }),
    );
    const result = messageSchema.safeParse(answer);
    if (result.success) return result.data.id;
    throw ownFailure("unreadable");
  }

  async edit(delivery: Delivery, id: string, piece: Piece, signal: AbortSignal): Promise<void> {
    await this.#send("edit", delivery, signal, () =>
      this.rest.patch(Routes.channelMessage(delivery.threadId ?? delivery.channel, id), {
        body: {
          content: piece.text,
          allowed_mentions: PING_NOBODY,
          flags: MessageFlags.SuppressEmbeds,
        },
        signal,
      }),
    );
  }

  async remove(delivery: Delivery, id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#send("remove", delivery, signal, () =>
        this.rest.delete(Routes.channelMessage(delivery.threadId ?? delivery.channel, id), {
          signal,
        }),
      );
    } catch (error) {
      const isThreadGone = delivery.threadId !== undefined && isCode(error, Code.UnknownChannel);
      if (!isThreadGone && !isCode(error, Code.UnknownMessage)) throw error;
    }
  }

  /** Opens the thread at the question, once: after a crash or a lost response it exists already. */
  async #open(delivery: Delivery, threadId: string, signal: AbortSignal): Promise<void> {
    if (this.#opened.has(threadId) || this.isThread(threadId)) return;
    try {
      await this.#send("openThread", delivery, signal, () =>
        this.rest.post(Routes.threads(delivery.channel, threadId), {
          body: {
            name: threadName(delivery.question ?? delivery.content),
            auto_archive_duration: AUTO_ARCHIVE_MINUTES,
          },
          signal,
        }),
      );
    } catch (error) {
      // A forum's question is in the thread itself, so Discord does not find it in the channel.
      const isOpen =
        isCode(error, Code.ThreadAlreadyCreatedForMessage) || isCode(error, Code.UnknownMessage);
      if (!isOpen) throw error;
    }
    if (this.#opened.size >= MAX_OPENED) this.#opened.clear();
    this.#opened.add(threadId);
  }

  #send(
    operation: Operation,
    delivery: Delivery,
    signal: AbortSignal,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    return attempt(run, (error, wasSent) => {
      const inThread = delivery.threadId !== undefined;
      // Even where it is unknown whether a thread was opened, the post itself was not sent.
      const sent = wasSent && operation !== "openThread";
      const explained = explain(error, { operation, inThread, sent, aborted: signal.aborted });
      if (explained.code === "401") this.onTokenRefused();
      return explained;
    });
  }
}

/**
 * The same for every attempt at one part, in any process: for some minutes, Discord answers a repeated post with the
 * earlier one. At most 25 characters.
 * https://discord.com/developers/docs/resources/message#create-message
 */
export function nonceOf(deliveryId: string, part: number): string {
  return createHash("sha256").update(`${deliveryId}:${part}`).digest("hex").slice(0, 24);
}

/** What is read of a question for a name, in UTF-16 units. */
const MAX_READ = 4_000;

/**
 * A thread's name: the beginning of the question, at most 60 characters as people count them, and of the 100 that
 * Discord allows, which counts each mark and each part of an emoji.
 * https://discord.com/developers/docs/resources/channel#start-thread-from-message
 */
export function threadName(content: string): string {
  const start = content.slice(0, MAX_READ);
  const line = start.split("\n").find((each) => /\p{L}|\p{N}/u.test(each)) ?? "";
  const words = line.replace(/<[@#][!&]?\d+>|[#*_`>~|[\]]/g, "").replace(/\s+/g, " ");
  const plain = withoutPings(words.trim(), PINGS);
  let name = "";
  let count = 0;
  for (const { segment } of graphemes.segment(plain)) {
    const isLast = name.length + segment.length === plain.length;
    if (name.length + segment.length > (isLast ? 100 : 99) || count === (isLast ? 60 : 59))
      return name === "" ? "Reply" : `${name.trimEnd()}…`;
    name += segment;
    count += 1;
  }
  return name === "" ? "Reply" : name;
}

const graphemes = new Intl.Segmenter();
