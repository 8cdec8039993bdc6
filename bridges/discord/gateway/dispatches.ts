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
import type { ChannelFollower } from "../inbound/channels.ts";
import type { WireMessage } from "../inbound/normalise.ts";
import type { Router } from "../inbound/router.ts";
import { id as snowflake, fields, list, type Read } from "../inbound/fields.ts";
import { type Threads, type WireChannel, wireChannel } from "../inbound/threads.ts";

/** Receives what the gateway sends, in its order. */
export interface Listener {
  readonly threads: Threads;
  readonly channels: ChannelFollower;
  readonly router: Router;
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
        listener.router.unreadable(event);
      }
    });
  };
  forwardGuilds(client, listener, on);
  forwardChannels(client, listener, on);
  const { router } = listener;
  on(GatewayDispatchEvents.MessageCreate, (message) => router.messageCreated(message));
  on(GatewayDispatchEvents.MessageUpdate, (message) => router.messageUpdated(message));
  on(GatewayDispatchEvents.MessageDelete, (deleted) => router.messageDeleted(deleted));
  on(GatewayDispatchEvents.MessageDeleteBulk, (deleted) => router.messagesDeleted(deleted));
}

/** https://discord.com/developers/docs/events/gateway-events#guild-create */
function forwardGuilds(client: Client, listener: Listener, on: Subscribe): void {
  const { router, threads, channels } = listener;
  // Servers that READY announced and whose GUILD_CREATE is still to come. A GUILD_CREATE of any other server means that it
  // was unavailable, or that the bot was not in it.
  const announced = new Set<string>();
  on(GatewayDispatchEvents.Ready, ({ user, guilds }) => {
    announced.clear();
    for (const id of list(guilds, idOf)) announced.add(id);
    // From the raw READY: discord.js emits dispatches of the new session before its own ready event.
    // docs/races.md#a-live-message-hides-a-gap
    router.sessionStarted(known(snowflake(user.id)));
  });
  on(GatewayDispatchEvents.GuildCreate, ({ id, unavailable, ...listed }) => {
    if (unavailable === true) return;
    const seen = list(listed.channels, wireChannel);
    for (const channel of [...seen, ...list(listed.threads, wireChannel)]) threads.record(channel);
    channels.listed(seen);
    const isAnnounced = announced.delete(known(id));
    if (!isAnnounced)
      channels.available(isAll(seen, listed.channels) ? seen.map((each) => each.id) : undefined);
  });
  on(GatewayDispatchEvents.GuildDelete, ({ id, unavailable }) => {
    // During an outage Discord sends this too, also right after READY.
    announced.delete(id);
    if (unavailable === true) return;
    // At this point discord.js still has the server's channels.
    channels.left([...(client.guilds.cache.get(id)?.channels.cache.keys() ?? [])]);
  });
}

function forwardChannels(client: Client, listener: Listener, on: Subscribe): void {
  const { router, threads, channels } = listener;
  const record = (channel: unknown) => void threads.record(known(wireChannel(channel)));
  on(GatewayDispatchEvents.ChannelCreate, record);
  on(GatewayDispatchEvents.ChannelUpdate, (channel) =>
    channels.updated(known(wireChannel(channel))),
  );
  on(GatewayDispatchEvents.ChannelDelete, ({ id }) => channels.deleted(known(snowflake(id))));
  on(GatewayDispatchEvents.ThreadCreate, record);
  on(GatewayDispatchEvents.ThreadUpdate, record);
  on(GatewayDispatchEvents.ThreadDelete, (deleted) => {
    const thread = known(wireChannel(deleted));
    const parent = client.channels.cache.get(thread.parent_id ?? "");
    router.threadDeleted(thread, parent?.isThreadOnly() === true);
  });
  // Sent when the bot gains access to channels.
  on(GatewayDispatchEvents.ThreadListSync, ({ threads: seen, channel_ids: ids }) => {
    for (const thread of list(seen, wireChannel)) threads.record(thread);
    const readable = list(ids, snowflake);
    channels.available(isAll(readable, ids) ? readable : undefined);
  });
}

const idOf: Read<string> = (value) => snowflake(fields(value)?.id);

/** Whether a list was read whole. Discord omits one that would hold everything. */
function isAll(readable: readonly unknown[], given: unknown): boolean {
  return Array.isArray(given) && given.length === readable.length;
}

/** Throws for what could not be read: without it the dispatch says nothing. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a dispatch without an id");
  return value;
}

/** An error's name and message: the whole object may contain a request. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "unknown error";
}
