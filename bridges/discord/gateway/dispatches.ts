import {
  type Client,
  GatewayDispatchEvents,
  type GatewayGuildCreateDispatchData,
  type GatewayGuildDeleteDispatchData,
  type GatewayMessageDeleteBulkDispatchData,
  type GatewayMessageDeleteDispatchData,
  type GatewayReadyDispatchData,
  type GatewayThreadListSyncDispatchData,
} from "discord.js";
import type { Logger } from "pino";
import type { WireMessage } from "../inbound/normalise.ts";
import type { WireChannel } from "../inbound/threads.ts";

/** Receives what the gateway sends, in its order. */
export interface Listener {
  /** A new session began: dispatches between the last one and this one are lost. */
  sessionStarted(botId: string): void;
  channelSeen(channel: WireChannel): void;
  channelUpdated(channel: WireChannel): void;
  channelDeleted(channel: WireChannel): void;
  /** The channels of a server that the bot is in, with their current names. */
  channelsListed(channels: readonly WireChannel[]): void;
  /** These channels were unavailable for a while and are available again. */
  channelsAvailable(channelIds: readonly string[]): void;
  /** The bot was removed from the server that has these channels. */
  guildLeft(channelIds: readonly string[]): void;
  messageCreated(message: WireMessage): void;
  messageUpdated(message: WireMessage): void;
  messageDeleted(deleted: GatewayMessageDeleteDispatchData): void;
  messagesDeleted(deleted: GatewayMessageDeleteBulkDispatchData): void;
  threadDeleted(deleted: DeletedThread): void;
}

/** Discord sends no further dispatches for the messages in a deleted thread. */
export interface DeletedThread {
  readonly thread: WireChannel;
  /** The thread was a forum post: its first message was deleted with it. */
  readonly isForumPost: boolean;
}

/** The dispatches that the bridge reads, with their data as it comes off the wire. */
interface Dispatches {
  [GatewayDispatchEvents.Ready]: GatewayReadyDispatchData;
  /** Partial: of an unavailable server Discord sends only the id. */
  [GatewayDispatchEvents.GuildCreate]: Partial<GatewayGuildCreateDispatchData>;
  [GatewayDispatchEvents.ThreadListSync]: GatewayThreadListSyncDispatchData;
  [GatewayDispatchEvents.GuildDelete]: GatewayGuildDeleteDispatchData;
  [GatewayDispatchEvents.ChannelCreate]: WireChannel;
  [GatewayDispatchEvents.ChannelUpdate]: WireChannel;
  [GatewayDispatchEvents.ChannelDelete]: WireChannel;
  [GatewayDispatchEvents.ThreadCreate]: WireChannel;
  [GatewayDispatchEvents.ThreadUpdate]: WireChannel;
  [GatewayDispatchEvents.ThreadDelete]: WireChannel;
  [GatewayDispatchEvents.MessageCreate]: WireMessage;
  [GatewayDispatchEvents.MessageUpdate]: WireMessage;
  [GatewayDispatchEvents.MessageDelete]: GatewayMessageDeleteDispatchData;
  [GatewayDispatchEvents.MessageDeleteBulk]: GatewayMessageDeleteBulkDispatchData;
}

type Subscribe = <E extends keyof Dispatches>(
  event: E,
  handle: (data: Dispatches[E]) => void,
) => void;

/**
 * Passes a client's raw dispatches to the listener. Raw dispatches, not discord.js's objects, because history has the same
 * form, so that one normaliser handles both; because edits and deletes come whole, whether or not the message is cached;
 * and because discord.js holds back its own events until it has received every server.
 */
export function forwardDispatches(client: Client, listener: Listener, log: Logger): void {
  const on: Subscribe = (event, handle) => {
    client.ws.on(event, (data: Dispatches[typeof event]) => {
      try {
        handle(data);
      } catch (error) {
        log.error({ event, reason: describe(error) }, "a dispatch could not be handled");
      }
    });
  };
  forwardGuilds(client, listener, on);
  forwardChannels(client, listener, on);
  on(GatewayDispatchEvents.MessageCreate, (data) => listener.messageCreated(data));
  on(GatewayDispatchEvents.MessageUpdate, (data) => listener.messageUpdated(data));
  on(GatewayDispatchEvents.MessageDelete, (data) => listener.messageDeleted(data));
  on(GatewayDispatchEvents.MessageDeleteBulk, (data) => listener.messagesDeleted(data));
}

/** https://discord.com/developers/docs/events/gateway-events#guild-create */
function forwardGuilds(client: Client, listener: Listener, on: Subscribe): void {
  // Servers that READY announced and whose GUILD_CREATE is still to come. A GUILD_CREATE of any other server means that it
  // was unavailable, or that the bot was not in it.
  const announced = new Set<string>();
  on(GatewayDispatchEvents.Ready, ({ user, guilds }) => {
    announced.clear();
    for (const { id } of guilds) announced.add(id);
    listener.sessionStarted(user.id);
  });
  on(GatewayDispatchEvents.GuildCreate, ({ id, unavailable, channels = [], threads = [] }) => {
    if (id === undefined || unavailable === true) return;
    for (const channel of [...channels, ...threads]) listener.channelSeen(channel);
    listener.channelsListed(channels);
    if (!announced.delete(id)) listener.channelsAvailable(channels.map((channel) => channel.id));
  });
  on(GatewayDispatchEvents.GuildDelete, ({ id, unavailable }) => {
    // During an outage Discord sends this too, also right after READY.
    announced.delete(id);
    if (unavailable === true) return;
    // At this point discord.js still has the server's channels.
    listener.guildLeft([...(client.guilds.cache.get(id)?.channels.cache.keys() ?? [])]);
  });
}

function forwardChannels(client: Client, listener: Listener, on: Subscribe): void {
  on(GatewayDispatchEvents.ChannelCreate, (channel) => listener.channelSeen(channel));
  on(GatewayDispatchEvents.ChannelUpdate, (channel) => listener.channelUpdated(channel));
  on(GatewayDispatchEvents.ChannelDelete, (channel) => listener.channelDeleted(channel));
  on(GatewayDispatchEvents.ThreadCreate, (thread) => listener.channelSeen(thread));
  on(GatewayDispatchEvents.ThreadUpdate, (thread) => listener.channelSeen(thread));
  on(GatewayDispatchEvents.ThreadDelete, (thread) => {
    const parent = client.channels.cache.get(thread.parent_id ?? "");
    listener.threadDeleted({ thread, isForumPost: parent?.isThreadOnly() === true });
  });
  // Sent when the bot gains access to channels.
  on(GatewayDispatchEvents.ThreadListSync, ({ threads, channel_ids: channelIds = [] }) => {
    for (const thread of threads) listener.channelSeen(thread);
    listener.channelsAvailable(channelIds);
  });
}

/** An error's name and message: the whole object may contain a request. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "unknown error";
}
