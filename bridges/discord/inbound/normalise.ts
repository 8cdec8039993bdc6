import {
  type APIAttachment,
  type GatewayMessageCreateDispatchData,
  MessageReferenceType,
  MessageType,
} from "discord-api-types/v10";
import type { DeleteEvent, MappingId, MessageEvent } from "../../platform.ts";
import { plainContent } from "./content.ts";
import { avatarUrl, displayName } from "./profile.ts";

/** A message as the gateway or the history gives it. An update may be partial, so only the ids are sure. */
export type WireMessage = Pick<GatewayMessageCreateDispatchData, "id" | "channel_id"> &
  Partial<GatewayMessageCreateDispatchData>;

/** Names that a message does not carry. `undefined`: not known here, the id token says enough. */
export interface Names {
  role(id: string): { readonly name: string; readonly botId?: string } | undefined;
  channel(id: string): string | undefined;
}

/** Where a message was seen. */
export interface Place {
  readonly mappingId: MappingId;
  readonly threadId?: string;
  readonly threadName?: string;
}

export interface Context extends Place {
  readonly botId: string;
  /** Messages read from history do not say which server they are from. */
  readonly guildId: string;
  readonly names: Names;
  /** Hears of each kind of message or content that the bridge does not know. */
  readonly unknown?: (kind: string) => void;
}

/**
 * own       the bot's own post: it came from Convex
 * kind      a system message (pin, join, thread starter, ...), not something said
 * unedited  an update that is no edit: Discord added an embed, a pin, a thread
 * partial   an update that does not tell the whole message; catching up will
 */
type Skipped = "own" | "kind" | "unedited" | "partial";
export type Normalised = { readonly event: MessageEvent } | { readonly skipped: Skipped };

/** What people and apps say. https://discord.com/developers/docs/resources/message#message-object-message-types */
const SAID: ReadonlySet<MessageType> = new Set([
  MessageType.Default,
  MessageType.Reply,
  MessageType.ChatInputCommand,
  MessageType.ContextMenuCommand,
]);

/** Discord's own notices are known, and not mirrored. */
const KNOWN: ReadonlySet<unknown> = new Set(Object.values(MessageType));

/** A message as it stands now: just sent, or read from history. Pure. */
export function normaliseMessage(message: WireMessage, context: Context): Normalised {
  const { author, type, content, timestamp } = message;
  if (author?.id === context.botId) return { skipped: "own" };
  if (type !== undefined && !SAID.has(type)) {
    if (!KNOWN.has(type)) context.unknown?.(`message type ${type}`);
    return { skipped: "kind" };
  }
  if (author === undefined || content === undefined || timestamp === undefined)
    return { skipped: "partial" };
  const member = message.member;
  const name = displayName(author, member);
  const avatar = avatarUrl(author, member, context.guildId);
  const replyTo = repliedTo(message);
  const edited = message.edited_timestamp ?? undefined;
  const { text, mentions } = plainContent(message, context.names, context.unknown);
  return {
    event: {
      type: "message",
      mappingId: context.mappingId,
      externalId: message.id,
      position: positionOf(message.id),
      ...(context.threadId === undefined ? {} : { threadId: context.threadId }),
      ...(context.threadName === undefined ? {} : { threadName: context.threadName }),
      author: {
        // A relay's webhook says under one id what many people said under names of their own.
        externalId:
          message.webhook_id === undefined ? author.id : `${author.id} ${author.username}`,
        workspaceId: context.guildId,
        name,
        ...(avatar === undefined ? {} : { avatarUrl: avatar }),
      },
      fromApp: author.bot === true || message.webhook_id !== undefined,
      mentionsBot: mentionsBot(message, context),
      content: text,
      mentions,
      attachments: (message.attachments ?? []).map(attachment),
      ...(replyTo === undefined ? {} : { replyTo }),
      sentAt: Date.parse(timestamp),
      ...(edited === undefined ? {} : { editedAt: Date.parse(edited) }),
    },
  };
}

/** A MESSAGE_UPDATE. Discord sends one for each embed it adds too: only `edited_timestamp` tells an edit. */
export function normaliseUpdate(message: WireMessage, context: Context): Normalised {
  if (typeof message.edited_timestamp !== "string") return { skipped: "unedited" };
  return normaliseMessage(message, context);
}

export function normaliseDelete(externalId: string, place: Place): DeleteEvent {
  return { type: "delete", mappingId: place.mappingId, externalId };
}

/** A snowflake, padded so that it sorts as a number (64 bits are at most 20 digits). */
export function positionOf(snowflake: string): string {
  return snowflake.padStart(20, "0");
}

function repliedTo({ type, message_reference: reference }: WireMessage): string | undefined {
  // Forwards, crossposts and thread starters carry a reference too, to something they do not answer.
  if (type !== MessageType.Reply || reference === undefined) return undefined;
  if ((reference.type ?? MessageReferenceType.Default) !== MessageReferenceType.Default)
    return undefined;
  return reference.message_id;
}

function mentionsBot(message: WireMessage, { botId, names }: Context): boolean {
  // A reply mentions its author only if the asker left "ping" on, but answers the bot either way. People
  // also pick the role that Discord made for the bot, which has the bot's name.
  return (
    (message.mentions ?? []).some((user) => user.id === botId) ||
    (repliedTo(message) !== undefined && message.referenced_message?.author.id === botId) ||
    (message.mention_roles ?? []).some((role) => names.role(role)?.botId === botId)
  );
}

function attachment({ filename, content_type: type, size, url }: APIAttachment) {
  return { name: filename, ...(type === undefined ? {} : { type }), size, url };
}
