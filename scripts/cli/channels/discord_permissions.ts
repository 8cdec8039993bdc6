import { PermissionFlagsBits as Permission } from "discord-api-types/v10";

/** What the bot needs in a channel, by the name Discord's settings give it. */
export const NEEDED = [
  { bit: Permission.ViewChannel, name: "View Channel" },
  { bit: Permission.SendMessages, name: "Send Messages" },
  { bit: Permission.ReadMessageHistory, name: "Read Message History" },
] as const;

/** What only threads need. */
export const FOR_THREADS = [
  { bit: Permission.SendMessagesInThreads, name: "Send Messages in Threads" },
  { bit: Permission.CreatePublicThreads, name: "Create Public Threads" },
] as const;

/** What the bot needs in a forum: it answers in posts, and opens none. Discord calls them so in a forum's settings. */
export const NEEDED_IN_FORUM = [
  { bit: Permission.ViewChannel, name: "View Channel" },
  { bit: Permission.SendMessagesInThreads, name: "Send Messages in Posts" },
  { bit: Permission.ReadMessageHistory, name: "Read Message History" },
] as const;

/** The sum of all, for the invite link. */
export const INVITE_PERMISSIONS = [...NEEDED, ...FOR_THREADS].reduce(
  (sum, { bit }) => sum | bit,
  0n,
);

interface Overwrite {
  readonly id: string;
  readonly allow: string;
  readonly deny: string;
}

export interface Where {
  readonly guildId: string;
  readonly ownerId: string;
  readonly roles: readonly { readonly id: string; readonly permissions: string }[];
  readonly overwrites: readonly Overwrite[];
  readonly botId: string;
  readonly botRoles: readonly string[];
}

/** What the bot may do in a channel. https://discord.com/developers/docs/topics/permissions#permission-overwrites */
export function permissionsIn({
  guildId,
  ownerId,
  roles,
  overwrites,
  botId,
  botRoles,
}: Where): bigint {
  const all = ~0n;
  if (botId === ownerId) return all;
  const mine = new Set([guildId, ...botRoles]);
  const base = roles
    .filter(({ id }) => mine.has(id))
    .reduce((sum, { permissions }) => sum | BigInt(permissions), 0n);
  if ((base & Permission.Administrator) !== 0n) return all;
  const apply = (current: bigint, which: readonly Overwrite[]) => {
    const deny = which.reduce((sum, overwrite) => sum | BigInt(overwrite.deny), 0n);
    const allow = which.reduce((sum, overwrite) => sum | BigInt(overwrite.allow), 0n);
    return (current & ~deny) | allow;
  };
  const everyone = overwrites.filter(({ id }) => id === guildId);
  const ofRoles = overwrites.filter(({ id }) => botRoles.includes(id));
  const own = overwrites.filter(({ id }) => id === botId);
  return [everyone, ofRoles, own].reduce(apply, base);
}
