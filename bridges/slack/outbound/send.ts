import { createHash } from "node:crypto";
import type { Logger } from "pino";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Piece, Platform } from "../../platform.ts";
import { fatalError, platformError } from "../failures.ts";
import { notificationText } from "./format.ts";
import { createWebClient, type SlackConfig } from "../web.ts";

/** The metadata of every post: by it a post whose answer was lost is found again. Holds only opaque ids. */
export const METADATA_TYPE = "bridge_delivery";

type Sender = Pick<Platform, "post" | "edit" | "remove">;

/** Posts, edits and takes down; one attempt each. `fatal` hears of a token that no longer works. */
export function createSender(
  config: SlackConfig,
  log: Logger,
  fatal: (error: Error) => void,
): Sender {
  async function call(method: string, body: Record<string, unknown>, signal: AbortSignal) {
    if (signal.aborted) throw notSent();
    try {
      return await createWebClient(config, log, signal).apiCall(method, body);
    } catch (error) {
      const end = fatalError(error, "bot");
      if (end !== undefined) fatal(end);
      throw platformError(error);
    }
  }

  return {
    async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal) {
      const answer = await call(
        "chat.postMessage",
        {
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
        },
        signal,
      );
      if ("ts" in answer && typeof answer.ts === "string") return answer.ts;
      throw unreadableAnswer();
    },

    async edit(delivery: Delivery, postId: string, piece: Piece, signal: AbortSignal) {
      const body = { channel: delivery.channel, ts: postId, ...bodyOf(piece) };
      await call("chat.update", body, signal);
    },

    async remove(delivery: Delivery, postId: string, signal: AbortSignal) {
      try {
        await call("chat.delete", { channel: delivery.channel, ts: postId }, signal);
      } catch (error) {
        if (error instanceof PlatformError && error.code === "message_not_found") return;
        throw error;
      }
    },
  };
}

/** Slack turns the block's Markdown into its own form; `text` is what notifications show. */
function bodyOf(piece: Piece) {
  return {
    text: notificationText(piece.text),
    blocks: [{ type: "markdown", text: piece.text }],
    parse: "none",
  };
}

/**
 * The same UUID for the same part, always: Slack may take a second post with it for the first. Undocumented, so
 * only a second guard. Made as version 5 of RFC 9562, in a name space of our own.
 */
export function messageId(deliveryId: string, part: number): string {
  const bytes = createHash("sha1").update(`${METADATA_TYPE}:${deliveryId}:${part}`).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes
    .toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function unreadableAnswer(): PlatformError {
  return new PlatformError({
    code: "malformed_answer",
    reason: "Slack took the post and did not say where it is",
    retryable: true,
    certain: false,
  });
}

function notSent(): PlatformError {
  return new PlatformError({
    code: "timeout",
    reason: "no time was left to ask Slack",
    retryable: true,
    certain: true,
  });
}
