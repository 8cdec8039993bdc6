import type { Logger } from "pino";
import type { ChannelFollower } from "../inbound/channels.ts";
import { fields, type Fields, id, list, NO_ID } from "../inbound/fields.ts";
import { isWireMessage, type WireMessage } from "../inbound/normalise.ts";
import type { Router } from "../inbound/router.ts";
import { type Threads, type WireChannel, wireChannel } from "../inbound/threads.ts";
import type { Directory } from "./directory.ts";
import { describe, type Dispatch } from "./gateway.ts";

export interface DispatchOptions {
  readonly directory: Directory;
  readonly threads: Threads;
  readonly channels: ChannelFollower;
  readonly router: Router;
  /** Whether there is more than one shard. */
  readonly isSharded: () => boolean;
  readonly log: Logger;
}

/**
 * Hands each raw dispatch to who keeps what it tells. Raw, because history has the same form, so that one normaliser
 * handles both. One that can't be read is set aside alone.
 */
export class Dispatches {
  /** Servers that READY announced and whose GUILD_CREATE is still to come, by shard. */
  readonly #announced = new Map<number, Set<string>>();

  constructor(private readonly options: DispatchOptions) {}

  readonly handle = ({ t, d }: Dispatch, shardId: number): void => {
    const { log, router } = this.options;
    try {
      this.#handle(t, fields(d) ?? {}, shardId);
    } catch (error) {
      log.error({ event: t, reason: describe(error) }, "a dispatch could not be handled");
      router.unreadable(t);
    }
  };

  #handle(event: string, data: Fields, shardId: number): void {
    const { directory, router, threads } = this.options;
    switch (event) {
      case "READY":
        return this.#sessionStarted(data, shardId);
      case "GUILD_CREATE":
        return this.#guildCreated(data, shardId);
      case "GUILD_DELETE":
        return this.#guildDeleted(data, shardId);
      case "GUILD_UPDATE":
        return this.#guildUpdated(known(id(data.id)), data);
      case "GUILD_ROLE_CREATE":
      case "GUILD_ROLE_UPDATE":
        return this.#roleUpdated(known(id(data.guild_id)), fields(data.role) ?? {});
      case "GUILD_ROLE_DELETE":
        directory.removeRole(known(id(data.role_id)));
        return this.#permissionsChanged(known(id(data.guild_id)));
      case "GUILD_MEMBER_UPDATE":
        return this.#memberUpdated(data);
      case "CHANNEL_CREATE":
        directory.setChannel(data);
        return void threads.record(known(wireChannel(data)));
      case "CHANNEL_UPDATE":
        return this.#channelUpdated(known(wireChannel(data)), data);
      case "CHANNEL_DELETE":
        return this.#channelDeleted(known(id(data.id)));
      case "THREAD_CREATE":
      case "THREAD_UPDATE":
        return void threads.record(known(wireChannel(data)));
      case "THREAD_DELETE":
        return this.#threadDeleted(known(wireChannel(data)));
      case "THREAD_LIST_SYNC":
        return this.#threadsListed(data);
      case "MESSAGE_CREATE":
        return router.messageCreated(wireMessage(data));
      case "MESSAGE_UPDATE":
        return router.messageUpdated(wireMessage(data));
      case "MESSAGE_DELETE":
        return router.messageDeleted(data);
      case "MESSAGE_DELETE_BULK":
        return router.messagesDeleted(data);
      case "MESSAGE_REACTION_ADD":
        return router.reacted(data, "added");
      case "MESSAGE_REACTION_REMOVE":
        return router.reacted(data, "removed");
      case "MESSAGE_REACTION_REMOVE_ALL":
        return router.reactionsCleared(data);
      case "MESSAGE_REACTION_REMOVE_EMOJI":
        return router.emojiCleared(data);
    }
  }

  /**
   * Dispatches since the last session are lost. The library hands READY on before any dispatch of its session
   * (docs/races.md#a-live-message-hides-a-gap).
   */
  #sessionStarted({ user, application, guilds }: Fields, shardId: number): void {
    const { directory, router } = this.options;
    const ids = new Set(list(guilds, (guild) => id(fields(guild)?.id)));
    directory.listed(shardId, ids);
    // The other shards have missed nothing. Channels that are not known yet are caught up once GUILD_CREATE names them.
    const isLater = this.#announced.has(shardId) && this.options.isSharded();
    this.#announced.set(shardId, isLater ? directory.guildsOf(shardId) : ids);
    const missed = this.options.isSharded() ? [...directory.channelsOf(shardId)] : undefined;
    const botId = known(id(fields(user)?.id));
    // Of all but the oldest bots, both have the same id.
    router.sessionStarted(botId, id(fields(application)?.id) ?? botId, missed);
  }

  /** https://discord.com/developers/docs/events/gateway-events#guild-create */
  #guildCreated(guild: Fields, shardId: number): void {
    const { directory, threads, channels } = this.options;
    // Of an unavailable server Discord sends only the id.
    if (guild.unavailable === true) return;
    const guildId = known(id(guild.id));
    directory.setGuild(shardId, guildId, guild);
    const seen = list(guild.channels, wireChannel);
    for (const channel of [...seen, ...list(guild.threads, wireChannel)]) threads.record(channel);
    channels.listed(seen);
    // One that READY did not announce was unavailable, or the bot was not in it.
    if (this.#announced.get(shardId)?.delete(guildId) === true) return;
    channels.available(isAll(seen, guild.channels) ? seen.map((each) => each.id) : undefined);
  }

  #guildDeleted(guild: Fields, shardId: number): void {
    const guildId = known(id(guild.id));
    // During an outage Discord sends this too, also right after READY.
    this.#announced.get(shardId)?.delete(guildId);
    if (guild.unavailable === true) return;
    this.options.channels.left(this.options.directory.removeGuild(guildId));
  }

  #guildUpdated(guildId: string, guild: Fields): void {
    if (this.options.directory.setRoles(guildId, guild)) this.#permissionsChanged(guildId);
  }

  #roleUpdated(guildId: string, role: Fields): void {
    if (this.options.directory.setRole(guildId, role)) this.#permissionsChanged(guildId);
  }

  /** Of members, Discord tells without a privileged intent only about the bot itself: of the roles it has. */
  #memberUpdated({ user, guild_id: guildId }: Fields): void {
    if (id(fields(user)?.id) === this.options.router.botId)
      this.#permissionsChanged(known(id(guildId)));
  }

  #channelUpdated(channel: WireChannel, data: Fields): void {
    const { channels, directory } = this.options;
    if (directory.setChannel(data)) channels.permissionsChanged([channel.id]);
    channels.updated(channel);
  }

  #permissionsChanged(guildId: string): void {
    const { channels, directory } = this.options;
    channels.permissionsChanged(directory.channelsIn(guildId));
  }

  #channelDeleted(channelId: string): void {
    this.options.directory.removeChannel(channelId);
    this.options.channels.deleted(channelId);
  }

  #threadDeleted(thread: WireChannel): void {
    const isForumPost = this.options.directory.isThreadOnly(thread.parent_id ?? "");
    this.options.router.threadDeleted(thread, isForumPost);
  }

  /** Sent when the bot gains access to channels. */
  #threadsListed({ threads: seen, channel_ids: channelIds }: Fields): void {
    const { channels, threads } = this.options;
    for (const thread of list(seen, wireChannel)) threads.record(thread);
    const readable = list(channelIds, id);
    channels.available(isAll(readable, channelIds) ? readable : undefined);
  }
}

/** Throws for what could not be read: without it the dispatch says nothing. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a dispatch without an id");
  return value;
}

/** Whether a list was read whole. Discord omits one that would hold everything. */
function isAll(readable: readonly unknown[], given: unknown): boolean {
  return Array.isArray(given) && given.length === readable.length;
}

/** One without an id of its own is reported where it belongs. Throws if that is not known either. */
function wireMessage(data: Fields): WireMessage {
  if (isWireMessage(data)) return data;
  return { ...data, id: NO_ID, channel_id: known(id(data.channel_id)) };
}
