import { DiscordAPIError, REST } from "@discordjs/rest";
import { ApplicationFlags, ChannelType, MessageType, Routes } from "discord-api-types/v10";
import { z } from "zod";
import { allow, INVITE_BOT, REFUSALS, RESET_TOKEN } from "../../../../bridges/discord/failures.ts";
import {
  FOR_FILES,
  FOR_RELAY,
  FOR_THREADS,
  INVITE_PERMISSIONS,
  NEEDED,
  NEEDED_IN_FORUM,
  permissionsIn,
} from "./discord_permissions.ts";
import {
  type ChannelView,
  type PlatformView,
  RELAYS_PLAINLY,
  type Trouble,
  ViewError,
} from "./platform_view.ts";

const vUser = z.object({ id: z.string(), username: z.string() });
const vApplication = z.object({ id: z.string(), flags: z.number().optional() });
const vGateway = z.object({
  shards: z.number(),
  session_start_limit: z.object({ remaining: z.number() }),
});
const vGuilds = z.array(z.object({ id: z.string(), name: z.string() }));
const vGuild = z.object({
  id: z.string(),
  name: z.string(),
  owner_id: z.string(),
  roles: z.array(z.object({ id: z.string(), permissions: z.string() })),
});
const vMember = z.object({ roles: z.array(z.string()) });
const vChannel = z.object({
  id: z.string(),
  type: z.number(),
  name: z.string().nullish(),
  guild_id: z.string().optional(),
  permission_overwrites: z
    .array(z.object({ id: z.string(), allow: z.string(), deny: z.string() }))
    .optional(),
});
const vMessage = z.object({
  id: z.string(),
  type: z.number(),
  author: z.object({ bot: z.boolean().optional() }),
  webhook_id: z.string().optional(),
});
type WireChannel = z.infer<typeof vChannel>;

/** Channels that contain only posts, each of which is a thread. */
const FORUMS: readonly number[] = [ChannelType.GuildForum, ChannelType.GuildMedia];
const MAPPABLE: readonly number[] = [
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ...FORUMS,
];
/** Types of messages written by people; all other types are Discord's own notices. */
const WRITTEN: readonly number[] = [MessageType.Default, MessageType.Reply];

/** The bot and its application. */
export interface DiscordBot {
  readonly id: string;
  readonly name: string;
  readonly mayReadContent: boolean;
  readonly guilds: readonly { readonly id: string; readonly name: string }[];
  readonly shards: number;
  /** How many more times the bot may connect today. */
  readonly connectionsLeft: number;
  /** Invites the bot to a server, with the permissions it needs. */
  readonly inviteLink: string;
}

/** Discord as the bot sees it. Uses REST only, so it does not disturb a running bridge's gateway connection. */
export class DiscordView implements PlatformView {
  readonly #rest: REST;
  readonly #guilds = new Map<string, Promise<{ guild: z.infer<typeof vGuild>; roles: string[] }>>();

  constructor(config: { readonly botToken: string; readonly apiUrl?: string }) {
    this.#rest = new REST({
      version: "10",
      timeout: 10_000,
      retries: 1,
      ...(config.apiUrl === undefined ? {} : { api: config.apiUrl.replace(/\/+$/, "") }),
    }).setToken(config.botToken);
  }

  async bot(): Promise<DiscordBot> {
    const me = await this.#get(Routes.user(), vUser);
    const application = await this.#get(Routes.currentApplication(), vApplication);
    const gateway = await this.#get(Routes.gatewayBot(), vGateway);
    const guilds = await this.#get(Routes.userGuilds(), vGuilds);
    const flags = application.flags ?? 0;
    const content =
      ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;
    return {
      id: me.id,
      name: me.username,
      mayReadContent: (flags & content) !== 0,
      guilds,
      shards: gateway.shards,
      connectionsLeft: gateway.session_start_limit.remaining,
      inviteLink: inviteLink(application.id),
    };
  }

  async channel(id: string): Promise<ChannelView> {
    let channel: WireChannel;
    try {
      channel = await this.#get(Routes.channel(id), vChannel);
    } catch (error) {
      const trouble = channelTrouble(error);
      if (trouble === undefined) throw error;
      return { id, name: "", troubles: [trouble] };
    }
    return await this.#viewChannel(channel);
  }

  async find(text: string): Promise<ChannelView[]> {
    const found: ChannelView[] = [];
    for (const { id } of await this.#get(Routes.userGuilds(), vGuilds)) {
      const channels = await this.#get(Routes.guildChannels(id), z.array(vChannel));
      for (const channel of channels) {
        if (!MAPPABLE.includes(channel.type) || !matches(channel.name ?? "", text)) continue;
        found.push(await this.#viewChannel({ ...channel, guild_id: id }));
      }
    }
    return found.slice(0, 1_000).sort((a, b) => a.name.localeCompare(b.name));
  }

  async newestFromPeople(channel: string): Promise<string[]> {
    const route = `${Routes.channelMessages(channel)}?limit=10` as const;
    const messages = await this.#get(route, z.array(vMessage));
    return messages
      .filter(({ type, author, webhook_id: webhook }) => {
        return WRITTEN.includes(type) && author.bot !== true && webhook === undefined;
      })
      .map(({ id }) => id);
  }

  async #viewChannel(channel: WireChannel): Promise<ChannelView> {
    const { id, type, guild_id: guildId } = channel;
    const name = channel.name ?? "";
    if (!MAPPABLE.includes(type) || guildId === undefined) {
      const problem = "this kind of channel can't be mapped";
      const step = "Map a text channel or a forum; threads are included";
      return { id, name, troubles: [{ problem, step }] };
    }
    const { guild, roles } = await this.#guild(guildId);
    const granted = permissionsIn({
      guildId,
      ownerId: guild.owner_id,
      roles: guild.roles,
      overwrites: channel.permission_overwrites ?? [],
      botId: await this.#botId(),
      botRoles: roles,
    });
    const lacking = (needed: readonly { bit: bigint; name: string }[]) =>
      needed.filter(({ bit }) => (granted & bit) === 0n).map((permission) => permission.name);
    const isForum = FORUMS.includes(type);
    const missing = lacking(isForum ? NEEDED_IN_FORUM : NEEDED);
    const forThreads = isForum ? [] : lacking(FOR_THREADS);
    const troubles: Trouble[] = [
      ...missing.map((permission) => trouble(`the bot lacks ${permission}`, permission)),
      ...forThreads.map((permission) => ({
        ...trouble(`the bot lacks ${permission}, which threads need`, permission),
        minor: true as const,
      })),
    ];
    const lacksWebhooks = lacking([FOR_RELAY]).length > 0;
    const permissions = lacking([FOR_RELAY, FOR_FILES]).join(" and ");
    const files = permissions === FOR_RELAY.name ? "" : ", and without files";
    const relay = trouble(
      `the bot lacks ${permissions}, so ${RELAYS_PLAINLY}${files}`,
      permissions,
    );
    return { id, name, within: guild.name, troubles, ...(lacksWebhooks && { relay }) };
  }

  #guild(id: string) {
    const guild = this.#guilds.get(id) ?? this.#fetchGuild(id);
    this.#guilds.set(id, guild);
    return guild;
  }

  async #fetchGuild(id: string) {
    const guild = await this.#get(Routes.guild(id), vGuild);
    const { roles } = await this.#get(Routes.guildMember(id, await this.#botId()), vMember);
    return { guild, roles };
  }

  #me: Promise<string> | undefined;
  #botId(): Promise<string> {
    this.#me ??= this.#get(Routes.user(), vUser).then(({ id }) => id);
    return this.#me;
  }

  async #get<T>(route: `/${string}`, schema: z.ZodType<T>): Promise<T> {
    let response: unknown;
    try {
      response = await this.#rest.get(route);
    } catch (error) {
      if (error instanceof DiscordAPIError && error.status !== 401) throw error;
      throw failure(error);
    }
    const parsed = schema.safeParse(response);
    if (parsed.success) return parsed.data;
    throw new ViewError("Discord returned an unexpected response", "Update the bridge");
  }
}

/** A link that invites the bot to a server, with the permissions it needs. */
export function inviteLink(applicationId: string): string {
  const query = `client_id=${applicationId}&scope=bot&permissions=${INVITE_PERMISSIONS}`;
  return `https://discord.com/oauth2/authorize?${query}`;
}

function trouble(problem: string, permission: string): Trouble {
  return { problem, step: allow(permission) };
}

function channelTrouble(error: unknown): Trouble | undefined {
  if (!(error instanceof DiscordAPIError)) return undefined;
  switch (error.status) {
    case 403:
      return trouble(REFUSALS[50001].reason, "View Channel");
    case 404:
      return { problem: REFUSALS[10003].reason, step: `Check the id. ${INVITE_BOT}` };
    default:
      return undefined;
  }
}

function failure(error: unknown): ViewError {
  if (
    error instanceof DiscordAPIError ||
    (error instanceof Error && /token/i.test(error.message))
  ) {
    return new ViewError("Discord does not accept DISCORD_BOT_TOKEN", RESET_TOKEN);
  }
  return new ViewError(
    "can't reach Discord",
    "Check this machine's internet connection, and DISCORD_API_URL if it is set",
  );
}

function matches(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.toLowerCase().replace(/^#/, ""));
}
