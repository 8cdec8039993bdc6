import type { APIUser, GatewayMessageCreateDispatchData } from "discord-api-types/v10";

type Member = GatewayMessageCreateDispatchData["member"];

const CDN = "https://cdn.discordapp.com";

/** The name that people see in the server: the nickname, otherwise the display name, otherwise the user name. */
export function displayName(user: APIUser, member: Member): string {
  return member?.nick ?? user.global_name ?? user.username;
}

/** https://discord.com/developers/docs/reference#image-formatting. `undefined`: the person has none. */
export function avatarUrl(user: APIUser, member: Member, guildId: string): string | undefined {
  if (typeof member?.avatar === "string")
    return `${CDN}/guilds/${guildId}/users/${user.id}/avatars/${member.avatar}.png`;
  return user.avatar === null ? undefined : `${CDN}/avatars/${user.id}/${user.avatar}.png`;
}
