import { createHash } from "node:crypto";
import { z } from "zod";
import { cut, onOneLine } from "../../../convex/model/shared/text.ts";
import { pause } from "../../core/shared/backoff.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Piece, Platform } from "../../platform.ts";
import { fatalError, platformError } from "../sdk_errors.ts";
import type { SlackApi, SlackConfig } from "../web.ts";
import { notificationText, postText } from "./format.ts";
import { imageBlock, Images, type Uploaded } from "./images.ts";

/** The metadata type of every post. `find` recognises a post by its metadata, which contains only opaque ids. */
export const METADATA_TYPE = "bridge_delivery";

/** An uploaded image can be shown some seconds later. */
const SHOW_TRIES = 4;
const SHOW_AGAIN_MS = 1_000;

type Block = ReturnType<typeof imageBlock>;

/** https://docs.slack.dev/reference/methods/chat.postMessage: with the scope chat:write.customize. */
interface Persona {
  readonly username: string;
  readonly icon_url?: string;
}

/** Posts, edits and deletes. One attempt each. */
export class Sender implements Pick<Platform, "post" | "edit" | "remove"> {
  readonly #images: Images;

  constructor(
    config: SlackConfig,
    private readonly api: SlackApi,
    /** Called when the bot token no longer works. */
    private readonly fatal: (error: Error) => void,
  ) {
    this.#images = new Images(config, api);
  }

  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    const images = await this.#images.upload(piece.files ?? [], signal);
    const withImages = piece.files ? { ...piece, files: images } : piece;
    for (let tries = 1; images.length > 0 && tries <= SHOW_TRIES; tries += 1) {
      try {
        return await this.#post(delivery, part, withImages, images, signal);
      } catch (error) {
        // Slack is still processing the images, or they are none.
        if (!isCode(error, "invalid_blocks")) throw error;
        await pause(SHOW_AGAIN_MS, signal);
      }
    }
    return await this.#post(
      delivery,
      part,
      piece.files ? { ...piece, files: [] } : piece,
      [],
      signal,
    );
  }

  async #post(
    delivery: Delivery,
    part: number,
    piece: Piece,
    images: readonly Uploaded[],
    signal: AbortSignal,
  ): Promise<string> {
    const { origin } = delivery;
    const blocks = images.map(({ id, file }) => imageBlock(id, file.name));
    const params = (persona: Persona | undefined) => ({
      channel: delivery.channel,
      ...(delivery.threadId === undefined ? {} : { thread_ts: delivery.threadId }),
      ...bodyOf(delivery, piece, persona !== undefined, blocks),
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
    this.#images.posted(delivery.channel, answer.ts, blocks);
    // It is posted, whatever becomes of its name.
    if (isMisnamed(answer, delivery, piece, answer.isNamed))
      await this.#update(delivery, answer.ts, piece, !answer.isNamed, blocks, signal).catch(
        () => {},
      );
    return answer.ts;
  }

  /** A copy that is gone needs no edit. */
  readonly edit: Platform["edit"] = async (delivery, postId, piece, signal) => {
    const isNamed = !this.#mayBePersona();
    try {
      const images =
        delivery.hasFiles && piece.isFirst
          ? await this.#images.shownIn(delivery, postId, signal)
          : [];
      const answer = await this.#update(delivery, postId, piece, isNamed, images, signal);
      if (isMisnamed(answer, delivery, piece, isNamed))
        await this.#update(delivery, postId, piece, !isNamed, images, signal);
    } catch (error) {
      if (!delivery.relayed || !isCode(error, "message_not_found")) throw error;
    }
  };

  #update(
    delivery: Delivery,
    ts: string,
    piece: Piece,
    isNamed: boolean,
    images: readonly Block[],
    signal: AbortSignal,
  ) {
    const params = { channel: delivery.channel, ts, ...bodyOf(delivery, piece, !isNamed, images) };
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
function bodyOf(delivery: Delivery, piece: Piece, inPersona: boolean, images: readonly Block[]) {
  const text = postText(delivery, piece, inPersona);
  // A block has at least one character.
  const written = text === "" && images.length > 0 ? [] : [{ type: "markdown", text }];
  return { text: notificationText(text), blocks: [...written, ...images], parse: "none" };
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
