import {
  type GatewayMessageCreateDispatchData,
  MessageReferenceType,
  MessageType,
} from "discord-api-types/v10";
import { timeAt } from "../../../convex/model/shared/positions.ts";
import type { DeleteEvent, MappingId, MessageEvent } from "../../platform.ts";
import { plainContent } from "./content/content.ts";
import { type Fields, id } from "./fields.ts";
import {
  type DiscordAttachment,
  type DiscordMessage,
  type DiscordUser,
  isAnswer,
  isLoading,
  isWhole,
  readMessage,
} from "./payload.ts";
import { hasWords } from "./notices.ts";
import { avatarUrl, displayName } from "./profile.ts";

/**
 * A message from the gateway or from history, as documented. An update may be partial, so only the ids are certain;
 * whatever else it holds is checked when it is normalised.
 */
export type WireMessage = Pick<GatewayMessageCreateDispatchData, "id" | "channel_id"> &
  Partial<GatewayMessageCreateDispatchData>;

/** Whether a payload has what is certain of a message. */
export function isWireMessage(data: Fields): data is Fields & WireMessage {
  return id(data.id) !== undefined && id(data.channel_id) !== undefined;
}

/** Names that a message does not carry. `undefined`: unknown, and the id token is left as it is. */
export interface Names {
  role(id: string): { readonly name: string; readonly botId?: string } | undefined;
  channel(id: string): string | undefined;
}

/** Where a message belongs. */
export interface Place {
  readonly mappingId: MappingId;
  /** The position from which on it is mirrored. */
  readonly since?: string;
  readonly threadId?: string;
  readonly threadName?: string;
}

export interface Context {
  readonly place: Place;
  readonly botId: string;
  /** The bot's application, which owns the bridge's webhooks. */
  readonly appId?: string | undefined;
  /** Messages from history do not carry it. */
  readonly guildId: string;
  readonly names: Names;
  /** Called for each kind of message or content that the bridge does not know. */
  readonly unknown?: (kind: string) => void;
}

/**
 * own       a post of the bot or of its webhook: it came from Convex
 * kind      a system message without words of its own (pin, join, thread starter, ...)
 * loading   an app's answer that is not there yet
 * unedited  an update that is not an edit: Discord added an embed, a pin, a thread
 * partial   an update without the whole message; a catch-up reads it
 */
type SkipReason = "own" | "kind" | "loading" | "unedited" | "partial";
type Normalised = { readonly event: MessageEvent } | { readonly skipped: SkipReason };

/** Messages of people and apps. https://discord.com/developers/docs/resources/message#message-object-message-types */
const ORDINARY: ReadonlySet<unknown> = new Set([
  undefined,
  MessageType.Default,
  MessageType.Reply,
  MessageType.ChatInputCommand,
  MessageType.ContextMenuCommand,
]);

const REPLY: number = MessageType.Reply;
const ANSWERED: number = MessageReferenceType.Default;

/** With Discord's system messages. */
const DOCUMENTED: ReadonlySet<unknown> = new Set(Object.values(MessageType));

/**
 * A message in its current state: just sent, or read from history. Pure. Throws if its id can't be read; without an
 * author, a text or a time it is a message all the same.
 */
export function normaliseMessage(wire: WireMessage, context: Context): Normalised {
  return normalise(readMessage(wire), context);
}

/**
 * A MESSAGE_UPDATE. Discord also sends one when it adds an embed: only an edit has `edited_timestamp`. What an app answers
 * later than at once comes as an update without it, and is new unless it is known.
 */
export function normaliseUpdate(wire: WireMessage, context: Context): Normalised {
  const isEdit = typeof wire.edited_timestamp === "string";
  const isOlder = positionOf(wire.id) < (context.place.since ?? "");
  const isNew = "author" in wire && isAnswer(wire) && !isOlder;
  if (!isEdit && !isNew) return { skipped: "unedited" };
  if (!isWhole(wire)) return { skipped: "partial" };
  return normaliseMessage(wire, context);
}

function normalise(message: DiscordMessage, context: Context): Normalised {
  const { author, type } = message;
  if (author.id === context.botId) return { skipped: "own" };
  const { webhook_id: webhook, application_id: app } = message;
  if (webhook !== undefined && app !== undefined && app === context.appId)
    return { skipped: "own" };
  const isOrdinary = ORDINARY.has(type);
  if (!isOrdinary && !DOCUMENTED.has(type)) context.unknown?.(`message type ${String(type)}`);
  else if (!isOrdinary && !hasWords(type ?? 0)) return { skipped: "kind" };
  if (isLoading(message)) return { skipped: "loading" };
  const { mappingId, threadId, threadName } = context.place;
  const position = positionOf(message.id);
  const { text, mentions } = plainContent(message, context.names, context.unknown);
  const isBare = text === "" && message.texts.attachments.length === 0;
  if (isBare && !isOrdinary) return { skipped: "kind" };
  // A message must not vanish.
  if (isBare) context.unknown?.("message without text");
  // One object, and not spreads of others: a message's garbage is most of what it costs.
  const event: MessageEvent = {
    type: "message",
    mappingId,
    externalId: message.id,
    position,
    author: authorOf(author, message, context.guildId),
    // Discord writes the others, in people's names.
    fromApp: author.bot || message.webhook_id !== undefined || !isOrdinary,
    mentionsBot: mentionsBot(message, context),
    content: isBare ? "[message without text]" : text,
    mentions,
    attachments: message.texts.attachments.map(attachment),
    sentAt: timeOf(message.timestamp) ?? timeAt("discord", position),
  };
  const replyTo = repliedTo(message);
  if (event.mentionsBot && onlyAnswersBot(message, context)) event.answersBot = true;
  const editedAt = timeOf(message.edited_timestamp);
  if (threadId !== undefined) event.threadId = threadId;
  if (threadName !== undefined) event.threadName = threadName;
  if (replyTo !== undefined) event.replyTo = replyTo;
  if (editedAt !== undefined) event.editedAt = editedAt;
  return { event };
}

/** ms since 1970. Undefined for what is no time. */
function timeOf(timestamp: string | undefined): number | undefined {
  if (timestamp === undefined) return undefined;
  const time = Date.parse(timestamp);
  return Number.isNaN(time) ? undefined : time;
}

/** The deletion of a message or thread. */
export function normaliseDelete(externalId: string, place: Place): DeleteEvent {
  return { type: "delete", mappingId: place.mappingId, externalId };
}

/** A snowflake, padded so that it sorts as a number (64 bits are at most 20 digits). */
export function positionOf(snowflake: string): string {
  return snowflake.padStart(20, "0");
}

function authorOf(
  author: DiscordUser,
  { member, webhook_id: webhook }: DiscordMessage,
  guildId: string,
): MessageEvent["author"] {
  const found: MessageEvent["author"] = {
    // A relay's webhook posts for many people, under one id and their names.
    externalId: webhook === undefined ? author.id : `${author.id} ${author.username}`,
    workspaceId: guildId,
    name: displayName(author, member),
  };
  const avatar = avatarUrl(author, member, guildId);
  if (avatar !== undefined) found.avatarUrl = avatar;
  return found;
}

function repliedTo({ type, reference }: DiscordMessage): string | undefined {
  // Forwards, crossposts and thread starters also have a reference, to a message that they do not answer.
  if (type !== REPLY) return undefined;
  return reference?.type === ANSWERED ? reference.message_id : undefined;
}

function mentionsBot(message: DiscordMessage, { botId, names }: Context): boolean {
  // A reply mentions the author it answers only if "ping" was left on, but answers the bot either way. People
  // also mention the role that Discord made for the bot, which has the bot's name.
  return (
    message.texts.mentions.some((user) => user.id === botId) ||
    (repliedTo(message) !== undefined && message.answered === botId) ||
    message.texts.mention_roles.some((role) => names.role(role)?.botId === botId)
  );
}

/** Whether nothing but its being a reply addresses the bot, which may have posted what somebody else said. */
function onlyAnswersBot({ answered, texts }: DiscordMessage, { botId, names }: Context): boolean {
  if (answered !== botId) return false;
  const isNamed = texts.content.includes(`<@${botId}>`) || texts.content.includes(`<@!${botId}>`);
  return !isNamed && !texts.mention_roles.some((role) => names.role(role)?.botId === botId);
}

function attachment({ id: fileId, name, content_type: type, size, url }: DiscordAttachment) {
  return {
    ...(fileId === undefined ? {} : { id: fileId }),
    name,
    ...(type === undefined ? {} : { type }),
    size,
    url,
  };
}
