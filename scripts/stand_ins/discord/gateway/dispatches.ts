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

/** An event as the gateway tells it, before it is cut to what a session asked for. */
export type Dispatch = {
  readonly name: Event;
  readonly intent: number;
  /** The channel the bot has to see to be told. Not given: told anyway. */
  readonly seenIn?: TextChannel;
} & (
  | { readonly kind: "message"; readonly data: APIMessage }
  | { readonly kind: "other"; readonly data: unknown }
);

/** Turns what happened into what the gateway says about it. Pure. */
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
        seenIn: rootOf(event.message.channel),
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
      return { ...messages, name: Event.MessageDelete, seenIn: rootOf(channel), data };
    }
    case "messagesDeleted": {
      const ids = event.messages.map((message) => message.id);
      const data = { ids, channel_id: event.channel.id, guild_id };
      return { ...messages, name: Event.MessageDeleteBulk, seenIn: rootOf(event.channel), data };
    }
    case "channelCreated":
      return { ...guilds, name: Event.ChannelCreate, data: textPayload(world, event.channel) };
    case "channelUpdated":
      return { ...guilds, name: Event.ChannelUpdate, data: textPayload(world, event.channel) };
    case "channelDeleted":
      return { ...guilds, name: Event.ChannelDelete, data: textPayload(world, event.channel) };
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
      return { ...guilds, name: Event.ThreadCreate, seenIn: event.thread.parent, data };
    }
    case "threadUpdated": {
      const data = threadPayload(world, event.thread);
      return { ...guilds, name: Event.ThreadUpdate, seenIn: event.thread.parent, data };
    }
    case "threadDeleted": {
      const { id, parent } = event.thread;
      const data = { id, guild_id, parent_id: parent.id, type: ChannelType.PublicThread };
      return { ...guilds, name: Event.ThreadDelete, seenIn: parent, data };
    }
  }
}

/** What a message has in a dispatch and nowhere else: its guild, and its author's and mentioned users' membership. */
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
