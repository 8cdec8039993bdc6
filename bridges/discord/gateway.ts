import { setTimeout as sleep } from "node:timers/promises";
import {
  Client,
  DiscordjsError,
  DiscordjsErrorCodes,
  Events,
  GatewayDispatchEvents,
  type GatewayGuildCreateDispatchData,
  type GatewayGuildDeleteDispatchData,
  GatewayIntentBits,
  type GatewayMessageDeleteBulkDispatchData,
  type GatewayMessageDeleteDispatchData,
  type GatewayReadyDispatchData,
  type GatewayThreadListSyncDispatchData,
  Options,
} from "discord.js";
import type { Logger } from "pino";
import { FatalError } from "../core/shared/errors.ts";
import { fatalError } from "./explain.ts";
import { closeFailure, SESSION_INVALIDATED, TOKEN_REFUSED } from "./failures.ts";
import type { Names, WireMessage } from "./inbound/normalise.ts";
import type { RestConfig } from "./rest.ts";
import type { WireChannel } from "./inbound/threads.ts";

/** What the gateway tells, as it comes off the wire and in its order. */
export interface Listener {
  /** A new session: nothing of what came between it and the last one is ever told. */
  identified(botId: string): void;
  channel(channel: WireChannel): void;
  channelUpdated(channel: WireChannel): void;
  channelDeleted(channel: WireChannel): void;
  /** The channels of a server the bot is in, as they are called now. */
  channelsListed(channels: readonly WireChannel[]): void;
  /** These channels can be heard again, and were not for a while. */
  channelsBack(channelIds: readonly string[]): void;
  /** The bot was removed from a server with these channels. */
  guildLost(channelIds: readonly string[]): void;
  created(message: WireMessage): void;
  updated(message: WireMessage): void;
  deleted(deleted: GatewayMessageDeleteDispatchData): void;
  deletedMany(deleted: GatewayMessageDeleteBulkDispatchData): void;
  threadDeleted(deleted: DeletedThread): void;
}

/** A thread that is gone. Of the messages in it nothing more is told. */
export interface DeletedThread {
  readonly thread: WireChannel;
  /** It was a forum's post: the message that it began with went too. */
  readonly isPost: boolean;
}

/** The dispatches that are read, with their data as it comes off the wire. */
interface Dispatches {
  [GatewayDispatchEvents.Ready]: GatewayReadyDispatchData;
  /** Partial: a server that is away tells only its id. */
  [GatewayDispatchEvents.GuildCreate]: Partial<GatewayGuildCreateDispatchData>;
  [GatewayDispatchEvents.ThreadListSync]: GatewayThreadListSyncDispatchData;
  [GatewayDispatchEvents.GuildDelete]: GatewayGuildDeleteDispatchData;
  [GatewayDispatchEvents.ChannelCreate]: WireChannel;
  [GatewayDispatchEvents.ChannelUpdate]: WireChannel;
  [GatewayDispatchEvents.ChannelDelete]: WireChannel;
  [GatewayDispatchEvents.ThreadCreate]: WireChannel;
  [GatewayDispatchEvents.ThreadUpdate]: WireChannel;
  [GatewayDispatchEvents.ThreadDelete]: WireChannel;
  [GatewayDispatchEvents.MessageCreate]: WireMessage;
  [GatewayDispatchEvents.MessageUpdate]: WireMessage;
  [GatewayDispatchEvents.MessageDelete]: GatewayMessageDeleteDispatchData;
  [GatewayDispatchEvents.MessageDeleteBulk]: GatewayMessageDeleteBulkDispatchData;
}

/** Between attempts to connect, ms. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

/** One connection to Discord's gateway, kept up by discord.js until `close` or a fatal error. */
export class Gateway {
  #client: Client | undefined;
  readonly #closing = new AbortController();

  constructor(
    private readonly config: RestConfig,
    private readonly listener: Listener,
    private readonly onFatal: (error: FatalError) => void,
    private readonly log: Logger,
  ) {}

  /** Names from the servers the bot is in, as discord.js keeps them up to date. */
  readonly names: Names = {
    role: (id) => {
      for (const guild of this.#client?.guilds.cache.values() ?? []) {
        const role = guild.roles.cache.get(id);
        if (role === undefined) continue;
        const botId = role.tags?.botId;
        return { name: role.name, ...(botId === undefined ? {} : { botId }) };
      }
      return undefined;
    },
    channel: (id) => {
      const channel = this.#client?.channels.cache.get(id);
      return channel !== undefined && "name" in channel ? (channel.name ?? undefined) : undefined;
    },
  };

  /**
   * Connects, trying again while Discord is not reachable. Throws `FatalError` when only a person can help, or
   * the abort of `close`.
   */
  async open(): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      signal.throwIfAborted();
      try {
        await this.#connect(signal);
        return;
      } catch (error) {
        await this.#client?.destroy();
        if (error instanceof FatalError || signal.aborted) throw error;
        this.log.warn({ reason: describe(error), retryInMs: wait }, "Discord is not reachable");
        await sleep(wait * (0.5 + Math.random() / 2), undefined, { signal });
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client?.destroy();
  }

  #connect(signal: AbortSignal): Promise<void> {
    // A client whose login failed can't be used again.
    const client = createClient(this.config);
    this.#client = client;
    this.#listen(client);
    return new Promise((resolve, reject) => {
      let ready = false;
      const fail = (error: FatalError) => {
        if (ready) this.onFatal(error);
        else reject(error);
      };
      signal.addEventListener("abort", () => reject(new Error("closed")), { once: true });
      client.once(Events.ClientReady, () => {
        ready = true;
        resolve();
      });
      // After these discord.js does nothing more, and the process would only look alive.
      client.on(Events.ShardDisconnect, ({ code }) => fail(fatalError(closeFailure(code))));
      client.on(Events.Invalidated, () => fail(fatalError(SESSION_INVALIDATED)));
      client.login(this.config.botToken).catch((error: unknown) => {
        const refused =
          error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid;
        if (refused) reject(fatalError(TOKEN_REFUSED));
        else reject(error instanceof Error ? error : new Error("login failed"));
      });
    });
  }

  /*
   * Messages are read from the raw dispatches, not from discord.js's objects: the history that catching up
   * fetches has the same form, so both go through one normaliser; edits and deletes come whole, whether the
   * message is cached or not, so no message needs to be kept (and no partials); and nothing waits until
   * discord.js has seen every server, which it does with its own events.
   */
  #listen(client: Client): void {
    const { listener } = this;
    const on = <E extends keyof Dispatches>(event: E, handle: (data: Dispatches[E]) => void) => {
      client.ws.on(event, (data: Dispatches[E]) => {
        try {
          handle(data);
        } catch (error) {
          this.log.error({ event, reason: describe(error) }, "dispatch not understood");
        }
      });
    };
    const learn = (channel: WireChannel) => listener.channel(channel);
    // Servers that the session begins with. Any other that comes was away, or the bot was out of it: an outage is told
    // by GUILD_DELETE, also at the beginning. https://discord.com/developers/docs/events/gateway-events#guild-create
    const announced = new Set<string>();
    on(GatewayDispatchEvents.Ready, ({ user, guilds }) => {
      announced.clear();
      for (const { id } of guilds) announced.add(id);
      listener.identified(user.id);
    });
    on(GatewayDispatchEvents.GuildCreate, ({ id, unavailable, channels = [], threads = [] }) => {
      if (id === undefined || unavailable === true) return;
      [...channels, ...threads].forEach(learn);
      listener.channelsListed(channels);
      if (!announced.delete(id)) listener.channelsBack(channels.map((channel) => channel.id));
    });
    on(GatewayDispatchEvents.GuildDelete, ({ id, unavailable }) => {
      announced.delete(id);
      // A server that Discord cannot reach for now is not gone. discord.js still knows its channels here.
      if (unavailable !== true)
        listener.guildLost([...(client.guilds.cache.get(id)?.channels.cache.keys() ?? [])]);
    });
    on(GatewayDispatchEvents.ChannelUpdate, (channel) => listener.channelUpdated(channel));
    on(GatewayDispatchEvents.ChannelDelete, (channel) => listener.channelDeleted(channel));
    // Told when the bot may see channels that it could not see before.
    on(GatewayDispatchEvents.ThreadListSync, ({ threads, channel_ids: channelIds = [] }) => {
      threads.forEach(learn);
      listener.channelsBack(channelIds);
    });
    on(GatewayDispatchEvents.ChannelCreate, learn);
    on(GatewayDispatchEvents.ThreadCreate, learn);
    on(GatewayDispatchEvents.ThreadUpdate, learn);
    on(GatewayDispatchEvents.ThreadDelete, (thread) => {
      const parent = client.channels.cache.get(thread.parent_id ?? "");
      listener.threadDeleted({ thread, isPost: parent?.isThreadOnly() === true });
    });
    on(GatewayDispatchEvents.MessageCreate, (data) => listener.created(data));
    on(GatewayDispatchEvents.MessageUpdate, (data) => listener.updated(data));
    on(GatewayDispatchEvents.MessageDelete, (data) => listener.deleted(data));
    on(GatewayDispatchEvents.MessageDeleteBulk, (data) => listener.deletedMany(data));

    // An `error` event that nobody listens to ends the process.
    client.on(Events.Error, (error) => this.log.warn({ reason: describe(error) }, "client error"));
    client.on(Events.ShardError, (error) =>
      this.log.warn({ reason: describe(error) }, "connection error"),
    );
    client.on(Events.Warn, (reason) => this.log.warn({ reason }, "client warning"));
    client.on(Events.ShardReconnecting, () => {
      if (!this.#closing.signal.aborted) this.log.warn("connection lost, connecting again");
    });
    client.on(Events.ShardResume, () => this.log.info("connected again, nothing was missed"));
  }
}

function createClient({ apiUrl }: RestConfig): Client {
  const itself = {
    maxSize: 0,
    keepOverLimit: (of: { id: string; client: Client }) => of.id === of.client.user?.id,
  };
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.MessageContent,
    ],
    allowedMentions: { parse: [] },
    ...(apiUrl === undefined ? {} : { rest: { api: apiUrl.replace(/\/+$/, "") } }),
    // Servers, channels and roles are kept, for their names. Nothing grows with the people or messages seen.
    makeCache: Options.cacheWithLimits({
      AutoModerationRuleManager: 0,
      DMMessageManager: 0,
      GuildBanManager: 0,
      GuildEmojiManager: 0,
      GuildInviteManager: 0,
      GuildMemberManager: itself,
      GuildMessageManager: 0,
      GuildScheduledEventManager: 0,
      GuildStickerManager: 0,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      ReactionUserManager: 0,
      StageInstanceManager: 0,
      ThreadMemberManager: 0,
      UserManager: itself,
      VoiceStateManager: 0,
    }),
  });
}

/** What an error says of itself; not the whole object, which may hold a request. */
function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "unknown error";
}
