import {
  ChannelType,
  OverwriteType,
  PermissionFlagsBits as Permission,
  ThreadAutoArchiveDuration,
  type APIPublicThreadChannel,
  type APITextChannel,
  type APIThreadMember,
  type ChannelFlags,
  type ThreadMemberFlags,
} from "discord-api-types/v10";
import { rootOf, type Channel, type TextChannel, type Thread } from "../world/model.ts";
import { timestamp } from "./timestamp.ts";
import { isDenied, type World } from "../world/world.ts";

export function channelPayload(
  world: World,
  channel: Channel,
): APITextChannel | APIPublicThreadChannel {
  return channel.kind === "text" ? textPayload(world, channel) : threadPayload(world, channel);
}

export function textPayload(
  world: World,
  channel: TextChannel,
): APITextChannel & { guild_id: string } {
  return {
    id: channel.id,
    type: typeOf(channel),
    guild_id: world.guild.id,
    name: channel.name,
    position: [...world.channels.keys()].indexOf(channel.id),
    parent_id: null,
    topic: null,
    nsfw: false,
    rate_limit_per_user: 0,
    last_message_id: newestIn(world, channel) ?? null,
    permission_overwrites: overwrites(world, channel),
  };
}

/** Forums and text channels differ in their type alone. */
function typeOf({ forum }: TextChannel): ChannelType.GuildText {
  return (forum ? ChannelType.GuildForum : ChannelType.GuildText) as ChannelType.GuildText;
}

/** The id of the newest message; in a forum, of the newest post. */
function newestIn(world: World, channel: TextChannel): string | undefined {
  return channel.forum ? world.threadsOf(channel).at(-1)?.id : channel.messages.newest?.id;
}

function overwrites(world: World, channel: TextChannel) {
  const deny =
    (isDenied(channel, "view") ? Permission.ViewChannel : 0n) |
    (isDenied(channel, "send") ? Permission.SendMessages | Permission.SendMessagesInThreads : 0n) |
    (isDenied(channel, "history") ? Permission.ReadMessageHistory : 0n) |
    (isDenied(channel, "threads") ? Permission.CreatePublicThreads : 0n) |
    (isDenied(channel, "files") ? Permission.AttachFiles : 0n) |
    (isDenied(channel, "webhooks") ? Permission.ManageWebhooks : 0n);
  if (deny === 0n) return [];
  return [{ id: world.bot.id, type: OverwriteType.Member, allow: "0", deny: String(deny) }];
}

export function threadPayload(
  world: World,
  thread: Thread,
): APIPublicThreadChannel & { guild_id: string } {
  return {
    id: thread.id,
    type: ChannelType.PublicThread,
    guild_id: world.guild.id,
    parent_id: rootOf(thread).id,
    owner_id: thread.ownerId,
    name: thread.name,
    last_message_id: thread.messages.newest?.id ?? null,
    rate_limit_per_user: 0,
    message_count: thread.messages.size,
    total_message_sent: thread.messages.size,
    member_count: 1,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- The enum has no name for "none".
    flags: 0 as ChannelFlags,
    thread_metadata: {
      archived: thread.archived,
      auto_archive_duration: ThreadAutoArchiveDuration.OneDay,
      archive_timestamp: timestamp(thread.archiveChangedAt),
      locked: thread.locked,
      create_timestamp: timestamp(thread.openedAt),
    },
    ...(thread.ownerId === world.bot.id ? { member: threadMember(world, thread) } : {}),
  };
}

function threadMember(world: World, thread: Thread): APIThreadMember {
  return {
    id: thread.id,
    user_id: world.bot.id,
    join_timestamp: timestamp(thread.openedAt),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- The enum has no name for "none".
    flags: 0 as ThreadMemberFlags,
  };
}

/** The body of a thread list: the threads, and the bot's membership of those it opened. */
export function threadList(world: World, threads: readonly Thread[]) {
  return {
    threads: threads.map((thread) => threadPayload(world, thread)),
    members: threads
      .filter((thread) => thread.ownerId === world.bot.id)
      .map((thread) => threadMember(world, thread)),
  };
}

export function activeThreads(world: World): Thread[] {
  return [...world.threads.values()].filter(
    (thread) => !thread.archived && !isDenied(thread, "view"),
  );
}
