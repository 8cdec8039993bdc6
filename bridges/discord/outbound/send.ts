import { createHash } from "node:crypto";
import { MessageFlags, RESTJSONErrorCodes as Code, Routes } from "discord-api-types/v10";
import type { REST } from "@discordjs/rest";
import { z } from "zod";
import type { Delivery, Piece } from "../../platform.ts";
import { explain, isCode, ownFailure } from "../sdk_errors.ts";
import type { Operation } from "../failures.ts";
import { attempt } from "../rest.ts";
import { threadName } from "./title.ts";

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
            name: threadName(delivery.question ?? "", delivery.content),
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
