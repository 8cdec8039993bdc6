import { DiscordAPIError } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import type { Logger } from "pino";
import { withChannelTroubles } from "../core/catch_up/channel_troubles.ts";
import type { Delivery, History, Intake, Mapping, Platform } from "../platform.ts";
import { explain, fatalError } from "./sdk_errors.ts";
import { TOKEN_REFUSED } from "./failures.ts";
import { Directory, isThreadOnly } from "./gateway/directory.ts";
import { Dispatches } from "./gateway/dispatches.ts";
import { Gateway } from "./gateway/gateway.ts";
import { DiscordHistory } from "./history/history.ts";
import { channelSchema, type HistoryChannel } from "./history/requests.ts";
import { ChannelFollower } from "./inbound/channels.ts";
import { Files } from "./inbound/files.ts";
import type { Names } from "./inbound/normalise.ts";
import { Router } from "./inbound/router.ts";
import { Threads } from "./inbound/threads.ts";
import { Finder } from "./outbound/find.ts";
import { FORMAT, render } from "./outbound/format.ts";
import { Sender } from "./outbound/send.ts";
import { Webhooks } from "./outbound/webhooks.ts";
import { Typing } from "./outbound/typing.ts";
import { createReader, createWriter, type RestConfig, type ShardRange } from "./rest.ts";

/** What exists once the bridge has started. */
interface Session {
  readonly gateway: Gateway;
  readonly router: Router;
  readonly channels: ChannelFollower;
}

/** https://discord.com/developers/docs/events/gateway#sharding-sharding-formula */
function shardOf(guildId: string, count: number): number {
  return Number((BigInt(guildId) >> 22n) % BigInt(count));
}

/** The Discord platform: receives events from the gateway, reads history and posts over REST. Connects on `start`. */
export class Discord implements Platform {
  readonly name = "discord";
  readonly format = FORMAT;
  /** https://discord.com/developers/docs/topics/rate-limits: in buckets of one channel, with numbers that Discord does not publish. */
  readonly liveEdits = { laneMs: 1_200, allMs: 0 };
  readonly history: History;
  readonly #reader;
  readonly #writer;
  readonly #threads;
  readonly #sender;
  readonly #typing;
  readonly #finder;
  readonly #directory = new Directory();
  readonly #names: Names = {
    role: (id) => this.#directory.role(id),
    channel: (id) => {
      const thread = this.#threads.get(id);
      return thread?.kind === "thread" ? thread.name : this.#directory.channelName(id);
    },
  };
  readonly download: Platform["download"];
  readonly follows: Platform["follows"];
  /** The servers of mapped channels. Only where this process takes some of the shards. */
  readonly #guildIds = new Map<string, string>();
  /** Whether channels that the gateway has not told of are forums. */
  readonly #forums = new Map<string, boolean>();
  #session: Session | undefined;
  #isClosed = false;
  #onFatal: (error: Error) => void = () => undefined;

  constructor(
    private readonly config: RestConfig,
    private readonly log: Logger,
  ) {
    const { shards } = config;
    if (shards) this.follows = (mapping) => this.#isIn(shards, mapping);
    this.#reader = createReader(config);
    this.#writer = createWriter(config);
    this.download = new Files(config, this.#reader).download;
    this.#typing = new Typing((id) => this.#reader.post(Routes.channelTyping(id)));
    this.#threads = new Threads((id) => this.#fetchChannel(id));
    const appId = () => this.#started().router.appId;
    const history = new DiscordHistory({
      reader: this.#reader,
      names: this.#names,
      botId: () => this.#started().router.botId,
      appId,
      threadFound: (thread) => void this.#threads.record(thread),
      unreadable: (mapping, id) => this.#started().router.reportUnreadable(mapping, id),
      unknown: ({ mappingId }, kind) => this.#started().router.unknown(mappingId, kind),
    });
    this.history = withChannelTroubles(history, (mapping) =>
      this.#session?.channels.troubles.check(mapping),
    );
    const isForum = (id: string) => this.#forums.get(id) ?? this.#directory.isThreadOnly(id);
    this.#finder = new Finder({ rest: this.#reader, appId, isForum });
    this.#sender = new Sender({
      rest: this.#writer,
      webhooks: new Webhooks(this.#writer, appId),
      isThread: (id) => this.#threads.get(id)?.kind === "thread",
      // Not recorded: a thread that is opened meanwhile must not count as unknown.
      threadExists: async (id) =>
        (await this.#fetchChannel(id).catch(() => undefined)) !== undefined,
      isForum,
      onTokenRefused: () => this.#onFatal(fatalError(TOKEN_REFUSED)),
    });
  }

  async start(intake: Intake, onFatal: (error: Error) => void): Promise<void> {
    if (this.#isClosed) throw new Error("closed before it started");
    this.#onFatal = onFatal;
    const threads = this.#threads;
    const channels = new ChannelFollower(intake);
    const router = new Router({
      intake,
      threads,
      names: this.#names,
      log: this.log,
      asked: (id) => this.#typing.start(id),
    });
    const dispatches: Dispatches = new Dispatches({
      directory: this.#directory,
      threads,
      channels,
      router,
      isSharded: () => gateway.isSharded,
      log: this.log,
    });
    const gateway: Gateway = new Gateway({
      config: this.config,
      rest: this.#reader,
      dispatched: dispatches.handle,
      unreadable: () => router.unreadable("frame"),
      onFatal,
      log: this.log,
    });
    this.#session = { gateway, router, channels };
    await gateway.open();
  }

  stopIntake(): void {
    this.#session?.router.stop();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.stopIntake();
    await this.#session?.gateway.close();
    this.#typing.close();
    for (const rest of [this.#reader, this.#writer]) {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
    }
  }

  readonly render = render;
  readonly find: Platform["find"] = async (delivery, ...rest) => {
    await this.#learnKind(delivery);
    return await this.#finder.find(delivery, ...rest);
  };
  readonly edit: Platform["edit"] = async (delivery, ...rest) => {
    await this.#learnKind(delivery);
    await this.#sender.edit(delivery, ...rest);
  };
  readonly remove: Platform["remove"] = async (delivery, ...rest) => {
    await this.#learnKind(delivery);
    await this.#sender.remove(delivery, ...rest);
  };

  readonly post: Platform["post"] = async (delivery, ...rest) => {
    const { threadId, replyTo, channel } = delivery;
    this.#typing.stop(threadId ?? channel);
    // The question is in the channel, and the reply opens a thread at it.
    if (threadId === replyTo) this.#typing.stop(channel);
    await this.#learnKind(delivery);
    return await this.#sender.post(delivery, ...rest);
  };

  /**
   * Asks whether a channel is a forum, where what is relayed is posted in another way. The gateway has not said so right
   * after the start, during an outage of the server, or where another process follows it.
   */
  async #learnKind({ relayed, threadId, channel }: Delivery): Promise<void> {
    if (!relayed || threadId !== undefined) return;
    if (this.#directory.knows(channel) || this.#forums.has(channel)) return;
    try {
      const found = await this.#fetchChannel(channel);
      if (found) this.#forums.set(channel, isThreadOnly(found.type));
    } catch (error) {
      throw explain(error, { operation: "read", sent: false, aborted: false });
    }
  }

  /** Whether the channel's server is on these shards. What nobody can see belongs to the first process. */
  async #isIn(shards: ShardRange, { externalId }: Mapping): Promise<boolean> {
    try {
      const known = this.#guildIds.get(externalId);
      const guildId = known ?? (await this.#fetchChannel(externalId))?.guild_id;
      if (guildId !== undefined) this.#guildIds.set(externalId, guildId);
      const shard = guildId === undefined ? 0 : shardOf(guildId, shards.count);
      return shard >= shards.first && shard <= shards.last;
    } catch {
      // Two processes that follow a mapping do the same work twice; none would leave its gaps.
      return true;
    }
  }

  #started(): Session {
    if (!this.#session) throw new Error("history is readable only once Discord is connected");
    return this.#session;
  }

  /** `undefined`: there is no such channel, or the bot may not see it. */
  async #fetchChannel(id: string): Promise<HistoryChannel | undefined> {
    try {
      return channelSchema.parse(await this.#reader.get(Routes.channel(id)));
    } catch (error) {
      if (error instanceof DiscordAPIError && (error.status === 403 || error.status === 404))
        return undefined;
      throw error;
    }
  }
}
