import { createHash } from "node:crypto";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Piece, Platform } from "../../platform.ts";
import { fatalError, platformError } from "../sdk_errors.ts";
import type { SlackApi } from "../web.ts";
import { notificationText } from "./format.ts";

/** The metadata type of every post. `find` recognises a post by its metadata, which contains only opaque ids. */
export const METADATA_TYPE = "bridge_delivery";

/** Posts, edits and deletes. One attempt each. */
export class Sender implements Pick<Platform, "post" | "edit" | "remove"> {
  constructor(
    private readonly api: SlackApi,
    /** Called when the bot token no longer works. */
    private readonly fatal: (error: Error) => void,
  ) {}

  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    const params = {
      channel: delivery.channel,
      ...(delivery.threadId === undefined ? {} : { thread_ts: delivery.threadId }),
      ...bodyOf(piece),
      unfurl_links: false,
      unfurl_media: false,
      metadata: {
        event_type: METADATA_TYPE,
        event_payload: { delivery_id: delivery.deliveryId, part },
      },
      client_msg_id: messageId(delivery.deliveryId, part),
    };
    const answer = await this.#call("chat.postMessage", params, signal);
    if ("ts" in answer && typeof answer.ts === "string") return answer.ts;
    throw platformError("malformed_answer");
  }

  readonly edit: Platform["edit"] = async ({ channel }, postId, piece, signal) => {
    await this.#call("chat.update", { channel, ts: postId, ...bodyOf(piece) }, signal);
  };

  async remove({ channel }: Delivery, postId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call("chat.delete", { channel, ts: postId }, signal);
    } catch (error) {
      if (error instanceof PlatformError && error.code === "message_not_found") return;
      throw error;
    }
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
function bodyOf(piece: Piece) {
  return {
    text: notificationText(piece.text),
    blocks: [{ type: "markdown", text: piece.text }],
    parse: "none",
  };
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
