import type { DiscordMember, DiscordUser } from "./payload.ts";

const CDN = "https://cdn.discordapp.com";

/** The name that people see in the server: the nickname, otherwise the display name, otherwise the user name. */
export function displayName(user: DiscordUser, member: DiscordMember | undefined): string {
  // An empty name says nothing either.
  return [member?.nick, user.global_name, user.username].find(Boolean) ?? user.id;
}

/** https://discord.com/developers/docs/reference#image-formatting. `undefined`: the person has none. */
export function avatarUrl(
  user: DiscordUser,
  member: DiscordMember | undefined,
  guildId: string,
): string | undefined {
  if (member?.avatar !== undefined)
    return `${CDN}/guilds/${guildId}/users/${user.id}/avatars/${member.avatar}.png`;
  return user.avatar === undefined ? undefined : `${CDN}/avatars/${user.id}/${user.avatar}.png`;
}
