import type { APIAttachment, APIEmbed, APIStickerItem, MessageType } from "discord-api-types/v10";
import type { NewMessage } from "../chat.ts";
import type { RateLimits } from "./rest/rate_limits.ts";

export interface DiscordOptions {
  /** Whether the Message Content intent is switched on in the portal. Default true. */
  readonly messageContentIntent?: boolean;
  /** Whether REST shows the bot as a member of the guild. Default true. */
  readonly isInvited?: boolean;
  /** Default `real`. */
  readonly rateLimits?: RateLimits;
  /** How long a nonce is remembered for `enforce_nonce`, in ms. Default three minutes. */
  readonly nonceWindowMs?: number;
  readonly heartbeatMs?: number;
  readonly sessionLifeMs?: number;
}

/** A message that a person posts on Discord. `type` makes it a system message (a join, a pin). */
export interface DiscordNewMessage extends NewMessage {
  /** Files of which only this is known. Their addresses lead nowhere: the CDN serves `files`. */
  readonly attachments?: readonly APIAttachment[];
  readonly embeds?: readonly APIEmbed[];
  readonly stickers?: readonly APIStickerItem[];
  readonly type?: MessageType;
}
