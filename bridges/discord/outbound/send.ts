import { createHash } from "node:crypto";
import { MessageFlags, Routes } from "discord-api-types/v10";
import type { REST } from "@discordjs/rest";
import { z } from "zod";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Piece } from "../../platform.ts";
import { type Doing, explain } from "../failures.ts";
import { attempt } from "../rest.ts";

/** Mentions stay readable in the text, and nobody is pinged, whatever the model or a person wrote. */
const PING_NOBODY = { parse: [], replied_user: false };
/** How long a quiet thread stays in the channel's list, minutes. */
const ARCHIVE_AFTER = 1_440;
const MAX_REMEMBERED = 1_000;
const THREAD_EXISTS = "160004";
const UNKNOWN_MESSAGE = "10008";

const posted = z.object({ id: z.string() });

/** Posts, edits and deletes on Discord. One attempt each; every failure is a `PlatformError`. */
export class Sender {
  readonly #opened = new Set<string>();

  constructor(
    private readonly rest: REST,
    /** Whether a thread of that id is known to be there. */
    private readonly isThread: (id: string) => boolean,
    /** Discord no longer takes the token; nothing can be sent until a person mends that. */
    private readonly onTokenRefused: () => void,
  ) {}

  close(): void {
    this.rest.clearHashSweeper();
    this.rest.clearHandlerSweeper();
  }

  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    const { threadId, replyTo } = delivery;
    // A thread has the id of the message it hangs on: so this one is to be opened at the question. A question
    // asked in a thread has an id of its own, and the first post of a forum is in a thread that is known.
    const opens = threadId !== undefined && threadId === replyTo;
    if (opens && part === 0) await this.#open(delivery, threadId, signal);
    const answer = await this.#send("post", delivery, signal, () =>
      this.rest.post(Routes.channelMessages(threadId ?? delivery.channel), {
        body: {
          content: piece.text,
          nonce: nonceOf(delivery.deliveryId, part),
          enforce_nonce: true,
          allowed_mentions: PING_NOBODY,
          flags: MessageFlags.SuppressEmbeds,
          ...(part === 0 && replyTo !== undefined && !opens
            ? { message_reference: { message_id: replyTo, fail_if_not_exists: false } }
            : {}),
        },
        signal,
      }),
    );
    const result = posted.safeParse(answer);
    if (result.success) return result.data.id;
    throw new PlatformError({
      code: "unreadable",
      reason: "Discord answered with something that is no message",
      retryable: true,
      certain: false,
    });
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
      const gone = ["10008", ...(delivery.threadId === undefined ? [] : ["10003"])];
      if (!(error instanceof PlatformError) || !gone.includes(error.code)) throw error;
    }
  }

  /** Opens the thread at the question, once: after a crash or a lost answer it is there already. */
  async #open(delivery: Delivery, threadId: string, signal: AbortSignal): Promise<void> {
    if (this.#opened.has(threadId) || this.isThread(threadId)) return;
    try {
      await this.#send("thread", delivery, signal, () =>
        this.rest.post(Routes.threads(delivery.channel, threadId), {
          body: {
            name: threadName(delivery.question ?? delivery.content),
            auto_archive_duration: ARCHIVE_AFTER,
          },
          signal,
        }),
      );
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      // Whatever became of the thread, the post itself was surely not sent.
      // A forum's question stands in the thread itself, where its channel does not find it.
      if (error.code !== THREAD_EXISTS && error.code !== UNKNOWN_MESSAGE) throw asCertain(error);
    }
    if (this.#opened.size >= MAX_REMEMBERED) this.#opened.clear();
    this.#opened.add(threadId);
  }

  #send(
    doing: Doing,
    delivery: Delivery,
    signal: AbortSignal,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    return attempt(run, (error, sent) => {
      const explained = explain(error, { doing, sent, aborted: signal.aborted });
      if (explained.code === "401") this.onTokenRefused();
      // A thread that is gone says nothing of its channel.
      const threadGone = explained.code === "10003" && delivery.threadId !== undefined;
      if (!threadGone || doing === "thread") return explained;
      return new PlatformError({
        code: explained.code,
        reason: "the thread was deleted on Discord",
        retryable: false,
        certain: true,
      });
    });
  }
}

function asCertain(error: PlatformError): PlatformError {
  return new PlatformError({
    code: error.code,
    reason: error.message,
    retryable: error.retryable,
    certain: true,
    mapping: error.mapping,
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    ...(error.step === undefined ? {} : { step: error.step }),
  });
}

/**
 * The same for every attempt at one part, whoever makes it: Discord then answers a repeated post with the
 * earlier one, for some minutes. At most 25 characters.
 * https://discord.com/developers/docs/resources/message#create-message
 */
export function nonceOf(deliveryId: string, part: number): string {
  return createHash("sha256").update(`${deliveryId}:${part}`).digest("hex").slice(0, 24);
}

/** A thread's name, at most 100 characters: how the question begins. */
export function threadName(content: string): string {
  const line = content.split("\n").find((each) => /\p{L}|\p{N}/u.test(each)) ?? "";
  const plain = line
    .replace(/<[@#][!&]?\d+>|[#*_`>~|[\]]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  const characters = Array.from(new Intl.Segmenter().segment(plain), (each) => each.segment);
  if (characters.length <= 60) return plain === "" ? "Reply" : plain;
  return `${characters.slice(0, 59).join("").trimEnd()}…`;
}
