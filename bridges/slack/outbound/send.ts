import { createHash } from "node:crypto";
import { z } from "zod";
import { cut, onOneLine } from "../../../convex/model/shared/text.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Piece, Platform } from "../../platform.ts";
import { fatalError, platformError } from "../sdk_errors.ts";
import type { SlackApi } from "../web.ts";
import { notificationText, relayHeader } from "./format.ts";

/** The metadata type of every post. `find` recognises a post by its metadata, which contains only opaque ids. */
export const METADATA_TYPE = "bridge_delivery";

/** https://docs.slack.dev/reference/methods/chat.postMessage: with the scope chat:write.customize. */
interface Persona {
  readonly username: string;
  readonly icon_url?: string;
}

/** Posts, edits and deletes. One attempt each. */
export class Sender implements Pick<Platform, "post" | "edit" | "remove"> {
  constructor(
    private readonly api: SlackApi,
    /** Called when the bot token no longer works. */
    private readonly fatal: (error: Error) => void,
  ) {}

  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    const { origin } = delivery;
    const params = (persona: Persona | undefined) => ({
      channel: delivery.channel,
      ...(delivery.threadId === undefined ? {} : { thread_ts: delivery.threadId }),
      ...bodyOf(delivery, piece, persona !== undefined),
      ...persona,
      unfurl_links: false,
      unfurl_media: false,
      metadata: {
        event_type: METADATA_TYPE,
        event_payload: {
          delivery_id: delivery.deliveryId,
          part,
          ...(origin === undefined ? {} : { origin }),
        },
      },
      client_msg_id: messageId(delivery.deliveryId, part),
    });
    const answer = await this.#inPersona(delivery, async (persona) => {
      const posted = await this.#call("chat.postMessage", params(persona), signal);
      return { ...posted, isNamed: persona === undefined };
    });
    if (!("ts" in answer) || typeof answer.ts !== "string") throw platformError("malformed_answer");
    // It is posted, whatever becomes of its name.
    if (isMisnamed(answer, delivery, piece, answer.isNamed))
      await this.#update(delivery, answer.ts, piece, !answer.isNamed, signal).catch(() => {});
    return answer.ts;
  }

  /** A copy that is gone needs no edit. */
  readonly edit: Platform["edit"] = async (delivery, postId, piece, signal) => {
    const isNamed = !this.#mayBePersona();
    try {
      const answer = await this.#update(delivery, postId, piece, isNamed, signal);
      if (isMisnamed(answer, delivery, piece, isNamed))
        await this.#update(delivery, postId, piece, !isNamed, signal);
    } catch (error) {
      if (!delivery.relayed || !isCode(error, "message_not_found")) throw error;
    }
  };

  #update(delivery: Delivery, ts: string, piece: Piece, isNamed: boolean, signal: AbortSignal) {
    const params = { channel: delivery.channel, ts, ...bodyOf(delivery, piece, !isNamed) };
    return this.#call("chat.update", params, signal);
  }

  async remove({ channel }: Delivery, postId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call("chat.delete", { channel, ts: postId }, signal);
    } catch (error) {
      if (!isCode(error, "message_not_found")) throw error;
    }
  }

  /** Posts in the author's name, or as the bot where its token lacks the scope for that: then the text has the name. */
  async #inPersona<Value>(
    { author }: Delivery,
    post: (persona: Persona | undefined) => Promise<Value>,
  ): Promise<Value> {
    if (author === undefined || !this.#mayBePersona()) return await post(undefined);
    const { name, avatarUrl } = author;
    try {
      return await post({
        username: personaName(name),
        ...(avatarUrl?.startsWith("https://") ? { icon_url: avatarUrl } : {}),
      });
    } catch (error) {
      if (!isCode(error, "missing_scope")) throw error;
      return await post(undefined);
    }
  }

  /** Where the scope is missing, Slack may refuse the post, or leave the name out. */
  #mayBePersona(): boolean {
    return !this.api.lacks("chat:write.customize");
  }

  async #call(method: string, params: Record<string, unknown>, signal: AbortSignal) {
    if (signal.aborted) throw notSent();
    try {
      return await this.api.call(method, params, signal);
    } catch (error) {
      const fatal = error instanceof PlatformError ? fatalError(error, "bot") : undefined;
      if (fatal !== undefined) this.fatal(fatal);
      throw error;
    }
  }
}

/** Slack converts the block's Markdown into its own form; `text` is what notifications show. */
function bodyOf(delivery: Delivery, piece: Piece, inPersona: boolean) {
  const text = relayHeader(delivery, piece, inPersona) + piece.text;
  return { text: notificationText(text), blocks: [{ type: "markdown", text }], parse: "none" };
}

const shownForm = z.object({
  message: z.object({ user: z.string().optional(), username: z.string().optional() }),
});

/**
 * Whether a message says the author's name twice or not at all: it keeps the name that it was posted under, and the token
 * may have got or lost the scope for that since, or just now.
 */
function isMisnamed(
  answer: unknown,
  { author }: Delivery,
  { isFirst = false }: Piece,
  isNamed: boolean,
): boolean {
  const { user, username } = shownForm.safeParse(answer).data?.message ?? {};
  if (!author || !isFirst || (user === undefined && username === undefined)) return false;
  return isNamed === (username !== undefined);
}

/** The name of a post: Slack shows 80 characters. */
function personaName(name: string): string {
  return cut(onOneLine(name) || "somebody", 80);
}

function isCode(error: unknown, code: string): error is PlatformError {
  return error instanceof PlatformError && error.code === code;
}

/**
 * The same UUID for the same part, always: Slack may reject a second post with it as a duplicate. Undocumented, so only
 * a second guard. A version 5 UUID (RFC 9562) in a name space of our own.
 */
export function messageId(deliveryId: string, part: number): string {
  const bytes = createHash("sha1").update(`${METADATA_TYPE}:${deliveryId}:${part}`).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes
    .toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function notSent(): PlatformError {
  return new PlatformError({
    code: "timeout",
    reason: "no time was left for the request",
    retryable: true,
    certain: true,
  });
}
