import type { APIAttachment, APIEmbed, APIStickerItem, MessageType } from "discord-api-types/v10";
import type { Saying } from "../chat.ts";
import type { RateLimits } from "./rest/rate_limits.ts";

export interface DiscordOptions {
  /** Whether the Message Content intent is switched on in the portal. Default true. */
  readonly messageContentIntent?: boolean;
  /** Whether REST shows the bot as a member of the guild. Default true. */
  readonly isInvited?: boolean;
  /** Default `real`. */
  readonly rateLimits?: RateLimits;
  /** How long `enforce_nonce` remembers. Default three minutes. */
  readonly nonceWindowMs?: number;
  readonly heartbeatMs?: number;
  readonly sessionLifeMs?: number;
}

/** What a person posts on Discord. `type` makes it one of the platform's own notices (a join, a pin). */
export interface DiscordSaying extends Saying {
  readonly attachments?: readonly APIAttachment[];
  readonly embeds?: readonly APIEmbed[];
  readonly stickers?: readonly APIStickerItem[];
  readonly type?: MessageType;
}
