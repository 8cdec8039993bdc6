import { DiscordAPIError, REST } from "@discordjs/rest";
import { ApplicationFlags, ChannelType, MessageType, Routes } from "discord-api-types/v10";
import { z } from "zod";
import {
  FOR_THREADS,
  INVITE_PERMISSIONS,
  NEEDED,
  NEEDED_IN_FORUM,
  permissionsIn,
} from "./discord_permissions.ts";
import { AskFailed, type PlatformView, type SeenChannel, type Trouble } from "./seen_channel.ts";

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

/** Hold posts only, each a thread of its own. */
const FORUMS: readonly number[] = [ChannelType.GuildForum, ChannelType.GuildMedia];
const MAPPABLE: readonly number[] = [
  ChannelType.GuildText,
  ChannelType.GuildAnnouncement,
  ...FORUMS,
];
/** Everything else is Discord's own notice. */
const SPOKEN: readonly number[] = [MessageType.Default, MessageType.Reply];
const PERMISSIONS = "In Discord: Edit Channel > Permissions > the bot's role";

/** What Discord says of the bot itself. */
export interface DiscordBot {
  readonly id: string;
  readonly name: string;
  readonly mayReadContent: boolean;
  readonly guilds: readonly { readonly id: string; readonly name: string }[];
  readonly shards: number;
  /** How often the bot may still connect today. */
  readonly connectionsLeft: number;
  /** Opened by somebody who runs a server, it invites the bot with what it needs. */
  readonly inviteLink: string;
}

/** Discord, seen with the bot's token, over REST only: a running bridge's connection is left alone. */
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

  async channel(id: string): Promise<SeenChannel> {
    let channel: WireChannel;
    try {
      channel = await this.#get(Routes.channel(id), vChannel);
    } catch (error) {
      const trouble = channelTrouble(error);
      if (trouble === undefined) throw error;
      return { id, name: "", troubles: [trouble] };
    }
    return await this.#seen(channel);
  }

  async find(text: string): Promise<SeenChannel[]> {
    const found: SeenChannel[] = [];
    for (const { id } of await this.#get(Routes.userGuilds(), vGuilds)) {
      const channels = await this.#get(Routes.guildChannels(id), z.array(vChannel));
      for (const channel of channels) {
        if (!MAPPABLE.includes(channel.type) || !matches(channel.name ?? "", text)) continue;
        found.push(await this.#seen({ ...channel, guild_id: id }));
      }
    }
    return found.slice(0, 1_000).sort((a, b) => a.name.localeCompare(b.name));
  }

  async newestFromPeople(channel: string): Promise<string[]> {
    const route = `${Routes.channelMessages(channel)}?limit=10` as const;
    const messages = await this.#get(route, z.array(vMessage));
    return messages
      .filter(({ type, author, webhook_id: webhook }) => {
        return SPOKEN.includes(type) && author.bot !== true && webhook === undefined;
      })
      .map(({ id }) => id);
  }

  async #seen(channel: WireChannel): Promise<SeenChannel> {
    const { id, type, guild_id: guildId } = channel;
    const name = channel.name ?? "";
    if (!MAPPABLE.includes(type) || guildId === undefined) {
      const problem = "this kind of channel can't be mapped";
      const step = "Map a text channel or a forum. Its threads come with it";
      return { id, name, troubles: [{ problem, step }] };
    }
    const { guild, roles } = await this.#guild(guildId);
    const may = permissionsIn({
      guildId,
      ownerId: guild.owner_id,
      roles: guild.roles,
      overwrites: channel.permission_overwrites ?? [],
      botId: await this.#botId(),
      botRoles: roles,
    });
    const lacking = (needed: readonly { bit: bigint; name: string }[]) =>
      needed.filter(({ bit }) => (may & bit) === 0n).map((permission) => permission.name);
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
    return { id, name, within: guild.name, troubles };
  }

  #guild(id: string) {
    const known = this.#guilds.get(id) ?? this.#fetchGuild(id);
    this.#guilds.set(id, known);
    return known;
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
    let answer: unknown;
    try {
      answer = await this.#rest.get(route);
    } catch (error) {
      if (error instanceof DiscordAPIError && error.status !== 401) throw error;
      throw failure(error);
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new AskFailed(
      "Discord gave an answer of another form than expected",
      "Update the bridge",
    );
  }
}

/** Opened by somebody who runs a server, it invites the bot with what it needs. */
function inviteLink(applicationId: string): string {
  const query = `client_id=${applicationId}&scope=bot&permissions=${INVITE_PERMISSIONS}`;
  return `https://discord.com/oauth2/authorize?${query}`;
}

function trouble(problem: string, permission: string): Trouble {
  return { problem, step: `${PERMISSIONS} > allow ${permission}` };
}

function channelTrouble(error: unknown): Trouble | undefined {
  if (!(error instanceof DiscordAPIError)) return undefined;
  if (error.code === 50001) return trouble("the bot can't see the channel", "View Channel");
  if (error.status === 404) {
    const problem = "there is no such channel in the bot's servers";
    return { problem, step: "Copy the id again, and invite the bot to the server (docs/setup.md)" };
  }
  if (error.status === 403)
    return trouble("Discord does not let the bot look at the channel", "View Channel");
  return undefined;
}

function failure(error: unknown): AskFailed {
  if (
    error instanceof DiscordAPIError ||
    (error instanceof Error && /token/i.test(error.message))
  ) {
    return new AskFailed(
      "Discord does not accept DISCORD_BOT_TOKEN",
      "Discord Developer Portal > your app > Bot > Reset Token, then set DISCORD_BOT_TOKEN to the new one",
    );
  }
  return new AskFailed(
    "Discord can't be reached",
    "Check this machine's connection and DISCORD_API_URL, if it is set",
  );
}

function matches(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.toLowerCase().replace(/^#/, ""));
}
