import { createHash } from "node:crypto";
import { MessageFlags, RESTJSONErrorCodes as Code, Routes } from "discord-api-types/v10";
import { type REST, RequestMethod } from "@discordjs/rest";
import { z } from "zod";
import { lenient } from "../../core/shared/lenient.ts";
import type { Delivery, Piece } from "../../platform.ts";
import { explain, isCode, ownFailure } from "../sdk_errors.ts";
import type { Operation } from "../failures.ts";
import { attempt } from "../rest.ts";
import { filesOf, mayBeAboutFiles } from "./files.ts";
import { postText, relayHeader } from "./format.ts";
import { referenceOf, threadToOpen } from "./references.ts";
import { threadName } from "./title.ts";
import { isWebhookLost, type Webhook, webhookName, type Webhooks } from "./webhooks.ts";

/** Mentions stay readable in the text and ping nobody, whatever the model or a person wrote. */
const PING_NOBODY = { parse: [], replied_user: false };
/** How long an inactive thread stays in the channel's list, in minutes. */
const AUTO_ARCHIVE_MINUTES = 1_440;
const MAX_OPENED = 1_000;

const messageSchema = z.object({ id: z.string(), channel_id: lenient(z.string()) });

export interface SenderOptions {
  readonly rest: REST;
  readonly webhooks: Webhooks;
  /** Whether that id is recorded as a thread. */
  readonly isThread: (id: string) => boolean;
  /** Whether a thread exists that is not recorded, such as an archived one. */
  readonly threadExists: (id: string) => Promise<boolean>;
  /** Whether a channel consists of threads only: a message to it is a post of a forum. */
  readonly isForum: (id: string) => boolean;
  /** Discord no longer accepts the token, so nothing can be sent. */
  readonly onTokenRefused: () => void;
}

/** Posts, edits and deletes on Discord. One attempt each; every failure is a `PlatformError`. */
export class Sender {
  readonly #opened = new Set<string>();

  constructor(private readonly options: SenderOptions) {}

  /** A message whose files Discord refuses is posted without them, and says so. */
  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    try {
      return await this.#post(delivery, part, piece, signal);
    } catch (error) {
      if (!piece.files?.length || !mayBeAboutFiles(error)) throw error;
      return await this.#post(delivery, part, { ...piece, files: [] }, signal);
    }
  }

  async #post(
    delivery: Delivery,
    part: number,
    piece: Piece,
    signal: AbortSignal,
  ): Promise<string> {
    const threadId = threadToOpen(delivery);
    if (threadId !== undefined && part === 0) await this.#open(delivery, threadId, signal);
    const byBot = () => this.#create(delivery, part, piece, signal);
    const byWebhook = async (webhook: Webhook) => {
      try {
        return await this.#execute(webhook, delivery, piece, signal);
      } catch (error) {
        // Discord has more rules for names than it documents. If it refuses the text, it refuses that to the bot too.
        if (!isCode(error, Code.InvalidFormBodyOrContentType)) throw error;
        return await byBot();
      }
    };
    const answer = await this.#byWebhook(delivery, signal, byWebhook, byBot);
    const result = messageSchema.safeParse(answer);
    if (result.success) return result.data.id;
    throw ownFailure("unreadable");
  }

  async edit(delivery: Delivery, id: string, piece: Piece, signal: AbortSignal): Promise<void> {
    await this.#change("edit", delivery, id, signal, (by) => ({
      content: relayHeader(delivery, piece, by) + piece.text,
      allowed_mentions: PING_NOBODY,
      flags: MessageFlags.SuppressEmbeds,
      // Those to keep. https://discord.com/developers/docs/resources/message#edit-message
      ...(delivery.hasFiles === false && piece.isFirst && { attachments: [] }),
    }));
  }

  async remove(delivery: Delivery, id: string, signal: AbortSignal): Promise<void> {
    await this.#change("remove", delivery, id, signal);
  }

  /** Edits or deletes a message, by what posted it. A copy that is gone needs neither. */
  async #change(
    operation: "edit" | "remove",
    delivery: Delivery,
    id: string,
    signal: AbortSignal,
    bodyFor?: (by: "webhook" | "bot") => object,
  ): Promise<void> {
    const method = operation === "edit" ? RequestMethod.Patch : RequestMethod.Delete;
    const send = (by: "webhook" | "bot", fullRoute: `/${string}`, more: object = {}) =>
      this.#send(operation, delivery, signal, () => {
        const body = bodyFor && { body: bodyFor(by) };
        return this.options.rest.request({ fullRoute, method, ...more, ...body, signal });
      });
    try {
      await this.#byWebhook(
        delivery,
        signal,
        ({ id: webhookId, token }) => {
          const route = Routes.webhookMessage(webhookId, token, id);
          return send("webhook", route, unauthorised(this.#threadOf(delivery)));
        },
        () => send("bot", Routes.channelMessage(this.#channelOf(delivery), id)),
      );
    } catch (error) {
      const isThreadGone = delivery.threadId !== undefined && isCode(error, Code.UnknownChannel);
      const needsNothing = operation === "remove" || delivery.relayed;
      if (!needsNothing || !(isThreadGone || isCode(error, Code.UnknownMessage))) throw error;
    }
  }

  /**
   * Acts by the channel's webhook for what people said, if there can be one; by the bot otherwise, and for messages that
   * the webhook does not know: the bot posted those, when it could have none.
   */
  async #byWebhook(
    delivery: Delivery,
    signal: AbortSignal,
    byWebhook: (webhook: Webhook) => Promise<unknown>,
    byBot: () => Promise<unknown>,
  ): Promise<unknown> {
    const { webhooks } = this.options;
    if (!delivery.relayed) return await byBot();
    for (let tries = 0; tries < 2; tries += 1) {
      const webhook = await webhooks.of(delivery.channel, signal);
      if (webhook === undefined) break;
      try {
        return await byWebhook(webhook);
      } catch (error) {
        if (isCode(error, Code.UnknownMessage)) break;
        if (!isWebhookLost(error)) throw error;
        webhooks.forget(delivery.channel);
      }
    }
    return await byBot();
  }

  /** Throws if the webhook belongs to another channel by now, where nothing may stay. */
  async #execute(webhook: Webhook, delivery: Delivery, piece: Piece, signal: AbortSignal) {
    const { id, token } = webhook;
    const { name = "", avatarUrl } = delivery.author ?? {};
    const answer = await this.#send("post", delivery, signal, () =>
      this.options.rest.post(Routes.webhook(id, token), {
        ...unauthorised(this.#threadOf(delivery), true),
        body: {
          content: postText(delivery, piece, "webhook"),
          username: webhookName(name),
          ...(avatarUrl !== undefined && { avatar_url: avatarUrl }),
          allowed_mentions: PING_NOBODY,
          flags: MessageFlags.SuppressEmbeds,
          ...(this.#isForumPost(delivery) && { thread_name: threadName(delivery.content) }),
        },
        ...filesOf(piece),
        signal,
      }),
    );
    const posted = messageSchema.safeParse(answer).data;
    const isElsewhere =
      posted?.channel_id !== undefined &&
      !this.#isForumPost(delivery) &&
      posted.channel_id !== this.#channelOf(delivery);
    if (!isElsewhere) return answer;
    // docs/races.md#a-webhook-is-lost
    await this.#send("remove", delivery, signal, () =>
      this.options.rest.delete(Routes.webhookMessage(id, token, posted.id), {
        auth: false,
        signal,
      }),
    ).catch(() => undefined);
    throw ownFailure("webhook_moved");
  }

  #create(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal) {
    const { deliveryId } = delivery;
    const { rest } = this.options;
    const message = {
      content: postText(delivery, piece, "bot"),
      allowed_mentions: PING_NOBODY,
      flags: MessageFlags.SuppressEmbeds,
    };
    if (this.#isForumPost(delivery)) {
      const body = { name: threadName(delivery.content), message };
      return this.#send("post", delivery, signal, () =>
        rest.post(Routes.threads(delivery.channel), { body, ...filesOf(piece), signal }),
      );
    }
    const answered = referenceOf(delivery, part);
    const body = {
      ...message,
      nonce: nonceOf(deliveryId, part),
      enforce_nonce: true,
      ...(answered !== undefined && {
        message_reference: { message_id: answered, fail_if_not_exists: false },
      }),
    };
    return this.#send("post", delivery, signal, () =>
      rest.post(Routes.channelMessages(this.#channelOf(delivery)), {
        body,
        ...filesOf(piece),
        signal,
      }),
    );
  }

  #isForumPost(delivery: Delivery): boolean {
    return this.#threadOf(delivery) === undefined && this.options.isForum(delivery.channel);
  }

  /** The thread that a delivery's messages are in: a forum's post has the id of its first message. */
  #threadOf({ threadId, channel, posts }: Delivery): string | undefined {
    return threadId ?? (this.options.isForum(channel) ? posts[0]?.externalId : undefined);
  }

  #channelOf(delivery: Delivery): string {
    return this.#threadOf(delivery) ?? delivery.channel;
  }

  /** Opens the thread at the question, once: after a crash or a lost response it exists already. */
  async #open(delivery: Delivery, threadId: string, signal: AbortSignal): Promise<void> {
    const { isThread, rest, threadExists } = this.options;
    if (this.#opened.has(threadId) || isThread(threadId)) return;
    // A question has none yet. What is relayed goes on in a thread that may be old, and the bot may not open threads.
    if (delivery.opensThread && (await threadExists(threadId))) {
      this.#remember(threadId);
      return;
    }
    try {
      await this.#send("openThread", delivery, signal, () =>
        rest.post(Routes.threads(delivery.channel, threadId), {
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
    this.#remember(threadId);
  }

  #remember(threadId: string): void {
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
      if (explained.code === "401") this.options.onTokenRefused();
      return explained;
    });
  }
}

/** A webhook's token is in the address. `wait`: Discord answers with the message. */
function unauthorised(threadId: string | undefined, wait = false) {
  const query = new URLSearchParams();
  if (wait) query.set("wait", "true");
  if (threadId !== undefined) query.set("thread_id", threadId);
  return { auth: false, query } as const;
}

/**
 * The same for every attempt at one part, in any process: for some minutes, Discord answers a repeated post with the
 * earlier one. At most 25 characters.
 * https://discord.com/developers/docs/resources/message#create-message
 */
export function nonceOf(deliveryId: string, part: number): string {
  return createHash("sha256").update(`${deliveryId}:${part}`).digest("hex").slice(0, 24);
}
