import { randomBytes } from "node:crypto";
import type { AcceptedPost, Place } from "../chat.ts";
import type { Channel } from "./world/model.ts";
import type { NonceBook } from "./rest/nonces.ts";
import type { World } from "./world/world.ts";

/** The bot's current token. `resetToken` replaces it. */
export interface Credentials {
  token: string;
}

/** The state that the REST routes work on. */
export interface Backend {
  readonly world: World;
  /** Whether the portal's switch for the Message Content intent is on. */
  readonly messageContentIntent: boolean;
  /** Whether the bot is a member of the guild. */
  readonly isInvited: boolean;
  readonly nonces: NonceBook;
  readonly posts: AcceptedPost[];
  readonly typing: Place[];
  gatewayUrl(): string;
  identifiesLeft(): number;
}

/** A channel or thread in the form that `ChatStandIn` uses. */
export function placeOf(channel: Channel): Place {
  return channel.kind === "text"
    ? { channel: channel.id }
    : { channel: channel.parent.id, thread: channel.id };
}

/** A new random token. Like Discord's, it begins with the bot's id. */
export function newToken(botId: string): string {
  const secret = randomBytes(24).toString("base64url");
  return `${Buffer.from(botId).toString("base64url")}.${secret}`;
}
