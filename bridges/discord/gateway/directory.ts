import { createHash } from "node:crypto";
import { ChannelType } from "discord-api-types/v10";
import { fields, type Fields, id, list, number, text } from "../inbound/fields.ts";

interface Channel {
  readonly guildId: string;
  readonly name: string | undefined;
  readonly isThreadOnly: boolean;
  /** Of its permission overwrites: only whether they change matters. */
  readonly permissions: string;
}

interface Role {
  readonly guildId: string;
  readonly name: string;
  readonly permissions: string | undefined;
  /** The bot that the role belongs to. */
  readonly botId?: string;
}

/**
 * The servers that the bot is in, with the names of their channels and roles, as dispatches tell. Nothing else of a
 * server is kept, and no people. (Threads are in `inbound/threads.ts`.)
 */
export class Directory {
  /** Servers, and the shard that tells of each. */
  readonly #guilds = new Map<string, number>();
  readonly #channels = new Map<string, Channel>();
  readonly #roles = new Map<string, Role>();

  channelName(channelId: string): string | undefined {
    return this.#channels.get(channelId)?.name;
  }

  role(roleId: string): Role | undefined {
    return this.#roles.get(roleId);
  }

  knows(channelId: string): boolean {
    return this.#channels.has(channelId);
  }

  /** Whether a channel consists of threads only: a forum or a media channel. */
  isThreadOnly(channelId: string): boolean {
    return this.#channels.get(channelId)?.isThreadOnly === true;
  }

  /** The servers of one shard. */
  guildsOf(shardId: number): Set<string> {
    const found = [...this.#guilds].filter(([, of]) => of === shardId);
    return new Set(found.map(([guildId]) => guildId));
  }

  *channelsIn(guildId: string): Iterable<string> {
    for (const [channelId, channel] of this.#channels)
      if (channel.guildId === guildId) yield channelId;
  }

  /** The channels of the servers of one shard. */
  *channelsOf(shardId: number): Iterable<string> {
    for (const [channelId, { guildId }] of this.#channels)
      if (this.#guilds.get(guildId) === shardId) yield channelId;
  }

  /** A session began: the servers of its shard that it does not list were left meanwhile. */
  listed(shardId: number, guildIds: ReadonlySet<string>): void {
    for (const [guildId, of] of this.#guilds)
      if (of === shardId && !guildIds.has(guildId)) this.removeGuild(guildId);
  }

  /** A whole server. Replaces what was known of it. */
  setGuild(shardId: number, guildId: string, guild: Fields): void {
    if (this.#guilds.has(guildId)) this.removeGuild(guildId);
    this.#guilds.set(guildId, shardId);
    for (const channel of list(guild.channels, fields)) this.setChannel(channel, guildId);
    this.setRoles(guildId, guild);
  }

  /** The roles in a server's own payload. Returns whether what one permits has changed. */
  setRoles(guildId: string, guild: Fields): boolean {
    return list(guild.roles, (role) => this.setRole(guildId, fields(role) ?? {})).includes(true);
  }

  /** Forgets a server. Returns the channels it had. */
  removeGuild(guildId: string): string[] {
    this.#guilds.delete(guildId);
    for (const [roleId, role] of this.#roles)
      if (role.guildId === guildId) this.#roles.delete(roleId);
    const removed: string[] = [];
    for (const [channelId, channel] of this.#channels) {
      if (channel.guildId !== guildId) continue;
      this.#channels.delete(channelId);
      removed.push(channelId);
    }
    return removed;
  }

  /** Returns whether permissions in a known channel have changed. */
  setChannel(channel: Fields, guildId = id(channel.guild_id)): boolean {
    const channelId = id(channel.id);
    if (channelId === undefined || guildId === undefined) return false;
    const type = number(channel.type);
    const permissions = digest(channel.permission_overwrites);
    const known = this.#channels.get(channelId);
    this.#channels.set(channelId, {
      guildId,
      name: text(channel.name),
      isThreadOnly: isThreadOnly(type),
      permissions,
    });
    return known !== undefined && known.permissions !== permissions;
  }

  removeChannel(channelId: string): void {
    this.#channels.delete(channelId);
  }

  /** Returns whether what a known role permits has changed. */
  setRole(guildId: string, role: Fields): boolean {
    const roleId = id(role.id);
    const name = text(role.name);
    if (roleId === undefined || name === undefined) return false;
    const botId = id(fields(role.tags)?.bot_id);
    const permissions = text(role.permissions);
    const known = this.#roles.get(roleId);
    const set = { guildId, name, permissions, ...(botId !== undefined && { botId }) };
    this.#roles.set(roleId, set);
    return known !== undefined && known.permissions !== permissions;
  }

  removeRole(roleId: string): void {
    this.#roles.delete(roleId);
  }
}

function digest(value: unknown): string {
  return createHash("sha1")
    .update(JSON.stringify(value ?? null))
    .digest("base64");
}

/** Whether a channel of that type is a forum or a media channel. */
export function isThreadOnly(type: number | undefined): boolean {
  return type === ChannelType.GuildForum || type === ChannelType.GuildMedia;
}
