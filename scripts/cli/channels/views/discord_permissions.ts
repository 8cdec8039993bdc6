import { PermissionFlagsBits as Permission } from "discord-api-types/v10";

/** The permissions the bot needs in a channel, with their names in Discord's settings. */
export const NEEDED = [
  { bit: Permission.ViewChannel, name: "View Channel" },
  { bit: Permission.SendMessages, name: "Send Messages" },
  { bit: Permission.ReadMessageHistory, name: "Read Message History" },
] as const;

/** The permissions needed only to reply in threads. */
export const FOR_THREADS = [
  { bit: Permission.SendMessagesInThreads, name: "Send Messages in Threads" },
  { bit: Permission.CreatePublicThreads, name: "Create Public Threads" },
] as const;

/** The permissions the bot needs in a forum, where it answers in posts and opens none. Forum settings use these names. */
export const NEEDED_IN_FORUM = [
  { bit: Permission.ViewChannel, name: "View Channel" },
  { bit: Permission.SendMessagesInThreads, name: "Send Messages in Posts" },
  { bit: Permission.ReadMessageHistory, name: "Read Message History" },
] as const;

/** The permission needed only to relay messages under their authors' names and pictures. */
export const FOR_RELAY = { bit: Permission.ManageWebhooks, name: "Manage Webhooks" } as const;

/** The permission needed only to relay files where the bot posts for want of Manage Webhooks. */
export const FOR_FILES = { bit: Permission.AttachFiles, name: "Attach Files" } as const;

/** All of them in one bit field, for the invite link. */
export const INVITE_PERMISSIONS = [...NEEDED, ...FOR_THREADS, FOR_RELAY, FOR_FILES].reduce(
  (sum, { bit }) => sum | bit,
  0n,
);

interface Overwrite {
  readonly id: string;
  readonly allow: string;
  readonly deny: string;
}

/** What a bot's permissions in a channel depend on. */
export interface PermissionContext {
  readonly guildId: string;
  readonly ownerId: string;
  readonly roles: readonly { readonly id: string; readonly permissions: string }[];
  readonly overwrites: readonly Overwrite[];
  readonly botId: string;
  readonly botRoles: readonly string[];
}

/** The bot's permissions in a channel, as a bit field. https://discord.com/developers/docs/topics/permissions#permission-overwrites */
export function permissionsIn({
  guildId,
  ownerId,
  roles,
  overwrites,
  botId,
  botRoles,
}: PermissionContext): bigint {
  const all = ~0n;
  if (botId === ownerId) return all;
  const mine = new Set([guildId, ...botRoles]);
  const base = roles
    .filter(({ id }) => mine.has(id))
    .reduce((sum, { permissions }) => sum | BigInt(permissions), 0n);
  if ((base & Permission.Administrator) !== 0n) return all;
  const apply = (current: bigint, overwrites: readonly Overwrite[]) => {
    const deny = overwrites.reduce((sum, overwrite) => sum | BigInt(overwrite.deny), 0n);
    const allow = overwrites.reduce((sum, overwrite) => sum | BigInt(overwrite.allow), 0n);
    return (current & ~deny) | allow;
  };
  const everyone = overwrites.filter(({ id }) => id === guildId);
  const ofRoles = overwrites.filter(({ id }) => botRoles.includes(id));
  const own = overwrites.filter(({ id }) => id === botId);
  return [everyone, ofRoles, own].reduce(apply, base);
}
