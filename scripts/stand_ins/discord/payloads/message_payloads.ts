import {
  GuildMemberFlags,
  MessageReferenceType,
  type APIGuildMemberNoUser,
  type APIMessage,
  type APIUser,
} from "discord-api-types/v10";
import { threadPayload } from "./channel_payloads.ts";
import { createHash } from "node:crypto";
import { applicationOf, type Message, type User } from "../world/model.ts";
import { timeOf } from "../world/snowflakes.ts";
import { timestamp } from "./timestamp.ts";
import { reactionPayloads } from "../world/reactions.ts";
import { writtenAt, type World } from "../world/world.ts";

/** The fields that are empty without the Message Content intent, in events and in REST responses. */
const HIDDEN = { content: "", embeds: [], attachments: [], components: [] };

export function userPayload(user: User): APIUser {
  return {
    id: user.id,
    username: user.username,
    global_name: user.globalName,
    discriminator: user.kind === "webhook" ? "0000" : "0",
    avatar:
      user.avatarUrl === undefined ? null : createHash("md5").update(user.avatarUrl).digest("hex"),
    ...(user.kind === "person" ? {} : { bot: true }),
  };
}

export function memberPayload(user: User): APIGuildMemberNoUser {
  return {
    nick: user.nick,
    avatar: null,
    banner: null,
    roles: [],
    joined_at: timestamp(timeOf(user.id)),
    premium_since: null,
    pending: false,
    deaf: false,
    mute: false,
    flags: GuildMemberFlags.CompletedOnboarding,
    communication_disabled_until: null,
  };
}

/** A message as REST returns it, without its nonce: only the response to its creation and its event carry that. */
export function messagePayload(world: World, message: Message): APIMessage {
  const { author, mentions, reference } = message;
  const thread = world.threads.get(message.id);
  const applicationId = applicationOf(author);
  return {
    id: message.id,
    type: message.type,
    channel_id: message.channel.id,
    author: userPayload(author),
    content: message.content,
    timestamp: timestamp(writtenAt(message)),
    edited_timestamp: message.editedAt === undefined ? null : timestamp(message.editedAt),
    tts: false,
    pinned: false,
    mention_everyone: mentions.everyone || mentions.here,
    mention_roles: mentions.roles.filter((id) => world.roles.has(id)),
    mentions: mentioned(world, message).map(userPayload),
    attachments: message.attachments.map((each) => world.cdn.shown(each)),
    embeds: [...message.embeds],
    components: [],
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- Several flags at once have no name.
    flags: message.flags,
    ...(message.reactions.length > 0 ? { reactions: reactionPayloads(message, world.bot.id) } : {}),
    ...(message.stickers.length > 0 ? { sticker_items: [...message.stickers] } : {}),
    ...(author.kind === "webhook" ? { webhook_id: author.id } : {}),
    ...(applicationId === undefined ? {} : { application_id: applicationId }),
    ...(thread?.parent === message.channel ? { thread: threadPayload(world, thread) } : {}),
    ...(reference
      ? {
          message_reference: {
            type: MessageReferenceType.Default,
            guild_id: world.guild.id,
            channel_id: reference.channelId,
            message_id: reference.messageId,
          },
          referenced_message: referenced(world, reference),
        }
      : {}),
  };
}

/** The existing users that a message mentions. */
export function mentioned(world: World, message: Message): User[] {
  return message.mentions.users.flatMap((id) => world.users.get(id) ?? []);
}

function referenced(world: World, at: { channelId: string; messageId: string }): APIMessage | null {
  const message = world.find(at.channelId)?.messages.get(at.messageId);
  if (!message) return null;
  // One level only: the message a referenced message refers to is not shown.
  return messagePayload(world, { ...message, reference: undefined });
}

/** Removes what an app without the Message Content intent does not receive, also from the referenced message. */
export function withoutContent<T extends APIMessage>(world: World, payload: T): T {
  const bot = world.bot.id;
  const shown = payload.author.id === bot || payload.mentions.some((user) => user.id === bot);
  const inner = payload.referenced_message;
  return {
    ...payload,
    ...(shown ? {} : HIDDEN),
    ...(inner ? { referenced_message: withoutContent(world, inner) } : {}),
  };
}
