import {
  ChannelType,
  GatewayDispatchEvents as Event,
  GatewayIntentBits as Intent,
  type APIMessage,
} from "discord-api-types/v10";
import { textPayload, threadList, threadPayload } from "../payloads/channel_payloads.ts";
import { guildCreatePayload } from "../payloads/guild_payloads.ts";
import {
  memberPayload,
  mentioned,
  messagePayload,
  userPayload,
} from "../payloads/message_payloads.ts";
import { rootOf, type Message, type TextChannel, type WorldEvent } from "../world/model.ts";
import type { World } from "../world/world.ts";

/** A gateway event, before content is removed for sessions without the Message Content intent. */
export type Dispatch = {
  readonly name: Event;
  readonly intent: number;
  /** The channel the bot must be able to view to receive the event. Undefined: always sent. */
  readonly requiredAccess?: TextChannel;
} & (
  | { readonly kind: "message"; readonly data: APIMessage }
  | { readonly kind: "other"; readonly data: unknown }
);

/** Converts a change of the world to its gateway event. Pure. */
export function dispatchOf(world: World, event: WorldEvent): Dispatch {
  const guild_id = world.guild.id;
  const guilds = { kind: "other", intent: Intent.Guilds } as const;
  const messages = { kind: "other", intent: Intent.GuildMessages } as const;
  switch (event.kind) {
    case "messageCreated":
    case "messageUpdated":
      return {
        kind: "message",
        name: event.kind === "messageCreated" ? Event.MessageCreate : Event.MessageUpdate,
        intent: Intent.GuildMessages,
        requiredAccess: rootOf(event.message.channel),
        data: {
          ...messageData(world, event.message),
          ...(event.kind === "messageCreated" && event.nonce !== undefined
            ? { nonce: event.nonce }
            : {}),
        },
      };
    case "messageDeleted": {
      const { id, channel } = event.message;
      const data = { id, channel_id: channel.id, guild_id };
      return { ...messages, name: Event.MessageDelete, requiredAccess: rootOf(channel), data };
    }
    case "messagesDeleted": {
      const ids = event.messages.map((message) => message.id);
      const data = { ids, channel_id: event.channel.id, guild_id };
      return {
        ...messages,
        name: Event.MessageDeleteBulk,
        requiredAccess: rootOf(event.channel),
        data,
      };
    }
    case "reactionAdded":
    case "reactionRemoved":
    case "reactionsCleared":
    case "emojiCleared":
      return reactionDispatch(world, event);
    case "channelCreated":
      return { ...guilds, name: Event.ChannelCreate, data: textPayload(world, event.channel) };
    case "channelUpdated":
      return { ...guilds, name: Event.ChannelUpdate, data: textPayload(world, event.channel) };
    case "channelDeleted":
      return { ...guilds, name: Event.ChannelDelete, data: textPayload(world, event.channel) };
    case "webhooksUpdated":
      return {
        kind: "other",
        name: Event.WebhooksUpdate,
        intent: Intent.GuildWebhooks,
        requiredAccess: event.channel,
        data: { guild_id, channel_id: event.channel.id },
      };
    case "guildChanged": {
      if (event.presence === "in")
        return { ...guilds, name: Event.GuildCreate, data: guildCreatePayload(world) };
      const isAway = event.presence === "away";
      const data = { id: guild_id, ...(isAway && { unavailable: true }) };
      return { ...guilds, name: Event.GuildDelete, data };
    }
    case "accessGained": {
      const threads = world.threadsOf(event.channel).filter((thread) => !thread.archived);
      const data = { guild_id, channel_ids: [event.channel.id], ...threadList(world, threads) };
      return { ...guilds, name: Event.ThreadListSync, data };
    }
    case "threadCreated": {
      const data = { ...threadPayload(world, event.thread), newly_created: true };
      return { ...guilds, name: Event.ThreadCreate, requiredAccess: event.thread.parent, data };
    }
    case "threadUpdated": {
      const data = threadPayload(world, event.thread);
      return { ...guilds, name: Event.ThreadUpdate, requiredAccess: event.thread.parent, data };
    }
    case "threadDeleted": {
      const { id, parent } = event.thread;
      const data = { id, guild_id, parent_id: parent.id, type: ChannelType.PublicThread };
      return { ...guilds, name: Event.ThreadDelete, requiredAccess: parent, data };
    }
  }
}

/** https://discord.com/developers/docs/events/gateway-events#message-reaction-add. Only an addition has the membership. */
function reactionDispatch(
  world: World,
  event: Extract<WorldEvent, { readonly kind: `reaction${string}` | "emojiCleared" }>,
): Dispatch {
  const { id: message_id, channel } = event.message;
  const about = { channel_id: channel.id, message_id, guild_id: world.guild.id };
  const sent = {
    kind: "other",
    intent: Intent.GuildMessageReactions,
    requiredAccess: rootOf(channel),
  } as const;
  switch (event.kind) {
    case "reactionAdded":
    case "reactionRemoved": {
      const { emoji, user } = event;
      const isNew = event.kind === "reactionAdded";
      const whose = { user_id: user.id, emoji, burst: false, type: 0 };
      const member = { ...memberPayload(user), user: userPayload(user) };
      return {
        ...sent,
        name: isNew ? Event.MessageReactionAdd : Event.MessageReactionRemove,
        data: {
          ...about,
          ...whose,
          ...(isNew && { member, message_author_id: event.message.author.id }),
        },
      };
    }
    case "reactionsCleared":
      return { ...sent, name: Event.MessageReactionRemoveAll, data: about };
    case "emojiCleared":
      return {
        ...sent,
        name: Event.MessageReactionRemoveEmoji,
        data: { ...about, emoji: event.emoji },
      };
  }
}

/** A message as gateway events carry it: with its guild and the membership of its author and mentioned users. */
function messageData(world: World, message: Message) {
  const { author, channel } = message;
  return {
    ...messagePayload(world, message),
    guild_id: world.guild.id,
    channel_type: channel.kind === "text" ? ChannelType.GuildText : ChannelType.PublicThread,
    mentions: mentioned(world, message).map((user) => ({
      ...userPayload(user),
      member: memberPayload(user),
    })),
    ...(author.kind === "webhook" ? {} : { member: memberPayload(author) }),
  };
}
