import {
  ApplicationFlags,
  GuildDefaultMessageNotifications,
  GuildExplicitContentFilter,
  GuildMFALevel,
  GuildNSFWLevel,
  GuildPremiumTier,
  GuildVerificationLevel,
  Locale,
  PermissionFlagsBits as Permission,
  type APIGuild,
  type APIRole,
  type GatewayGuildCreateDispatchData,
  type GuildSystemChannelFlags,
  type RoleFlags,
} from "discord-api-types/v10";
import { activeThreads, textPayload, threadPayload } from "./channel_payloads.ts";
import { memberPayload, userPayload } from "./message_payloads.ts";
import { timeOf } from "../world/snowflakes.ts";
import { timestamp } from "./timestamp.ts";
import type { World } from "../world/world.ts";

/** The permissions of @everyone, so that the bot needs no role: a real server keeps the last one from people. */
const granted =
  Permission.ViewChannel |
  Permission.SendMessages |
  Permission.SendMessagesInThreads |
  Permission.ReadMessageHistory |
  Permission.CreatePublicThreads |
  Permission.AddReactions |
  Permission.EmbedLinks |
  Permission.AttachFiles |
  Permission.ManageWebhooks;

export function applicationPayload(world: World, messageContentIntent: boolean) {
  return {
    id: world.bot.id,
    name: world.bot.username,
    icon: null,
    description: "",
    bot_public: false,
    bot_require_code_grant: false,
    verify_key: "0".repeat(64),
    bot: userPayload(world.bot),
    // "Limited": switched on in the portal, by apps in fewer than 100 guilds.
    flags: messageContentIntent ? ApplicationFlags.GatewayMessageContentLimited : 0,
  };
}

export function guildPayload(world: World): APIGuild {
  return {
    id: world.guild.id,
    name: world.guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    owner_id: world.owner.id,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: GuildVerificationLevel.None,
    default_message_notifications: GuildDefaultMessageNotifications.OnlyMentions,
    explicit_content_filter: GuildExplicitContentFilter.Disabled,
    roles: roles(world),
    emojis: [],
    stickers: [],
    features: [],
    mfa_level: GuildMFALevel.None,
    application_id: null,
    system_channel_id: null,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- The enum has no name for "none".
    system_channel_flags: 0 as GuildSystemChannelFlags,
    rules_channel_id: null,
    max_members: 500_000,
    vanity_url_code: null,
    description: null,
    banner: null,
    premium_tier: GuildPremiumTier.None,
    premium_subscription_count: 0,
    preferred_locale: Locale.EnglishUS,
    public_updates_channel_id: null,
    nsfw_level: GuildNSFWLevel.Default,
    premium_progress_bar_enabled: false,
    hub_type: null,
    safety_alerts_channel_id: null,
    incidents_data: null,
  };
}

function roles(world: World): APIRole[] {
  const everyone = { id: world.guild.id, name: "@everyone" };
  return [everyone, ...world.roles.values()].map((role, position) => ({
    id: role.id,
    name: role.name,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    position,
    permissions: String(role === everyone ? granted : 0n),
    managed: false,
    mentionable: true,
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- The enum has no name for "none".
    flags: 0 as RoleFlags,
  }));
}

/** GUILD_CREATE. The bot is its only member, as in a large guild without the presence intent. */
export function guildCreatePayload(world: World): GatewayGuildCreateDispatchData {
  return {
    ...guildPayload(world),
    joined_at: timestamp(timeOf(world.bot.id)),
    large: false,
    unavailable: false,
    member_count: world.users.size,
    members: [{ ...memberPayload(world.bot), user: userPayload(world.bot) }],
    channels: [...world.channels.values()].map((channel) => textPayload(world, channel)),
    threads: activeThreads(world).map((thread) => threadPayload(world, thread)),
    voice_states: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}
