import { DiscordAPIError } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import type { Logger } from "pino";
import { z } from "zod";
import { withChannelTroubles } from "../core/catch_up/channel_troubles.ts";
import type { Delivery, Found, History, Intake, Piece, Platform } from "../platform.ts";
import { tokenRefused } from "./fatal.ts";
import { Finder } from "./outbound/find.ts";
import { FORMAT, render } from "./outbound/format.ts";
import { Gateway } from "./gateway.ts";
import { DiscordHistory } from "./history/history.ts";
import { Inbound } from "./inbound/router.ts";
import { createReader, createWriter, type RestConfig } from "./rest.ts";
import { Channels } from "./inbound/channels.ts";
import { Typing } from "./outbound/typing.ts";
import { Sender } from "./outbound/send.ts";
import { Threads, type WireChannel } from "./inbound/threads.ts";

const channelAnswer = z.object({
  id: z.string(),
  type: z.number(),
  parent_id: z.string().nullish(),
  name: z.string().nullish(),
});

/** Discord, as the core knows a platform. Nothing connects before `start`. */
export function createDiscord(config: RestConfig, log: Logger): Platform {
  return new Discord(config, log);
}

class Discord implements Platform {
  readonly name = "discord";
  readonly format = FORMAT;
  readonly history: History;
  readonly #reader;
  readonly #threads;
  readonly #sender;
  readonly #typing;
  readonly #finder;
  #gateway: Gateway | undefined;
  #inbound: Inbound | undefined;
  #channels: Channels | undefined;
  #closed = false;
  #onFatal: (error: Error) => void = () => undefined;

  constructor(
    private readonly config: RestConfig,
    private readonly log: Logger,
  ) {
    this.#reader = createReader(config);
    this.#typing = new Typing((id) => this.#reader.post(Routes.channelTyping(id)));
    this.#threads = new Threads((id) => this.#fetchChannel(id));
    this.#finder = new Finder(this.#reader);
    const history = new DiscordHistory({
      reader: this.#reader,
      names: {
        role: (id) => this.#gateway?.names.role(id),
        channel: (id) => this.#gateway?.names.channel(id),
      },
      botId: () => this.#started().botId,
      learned: (thread) => void this.#threads.learn(thread),
      unreadable: (mapping, externalId) => this.#started().unreadable(mapping, externalId),
    });
    this.history = withChannelTroubles(history, (mapping) =>
      this.#channels?.troubles.check(mapping),
    );
    this.#sender = new Sender(
      createWriter(config),
      (id) => this.#threads.known(id)?.kind === "thread",
      () => this.#onFatal(tokenRefused()),
    );
  }

  async start(intake: Intake, onFatal: (error: Error) => void): Promise<void> {
    if (this.#closed) throw new Error("closed before it started");
    this.#onFatal = onFatal;
    const channels = new Channels(intake);
    this.#channels = channels;
    const gateway: Gateway = new Gateway(
      this.config,
      {
        identified: (botId) => {
          inbound.identify(botId);
          // The raw READY: discord.js hands on what follows it before it calls itself ready again [A2].
          intake.gap("a new Discord session");
        },
        channel: (channel) => void this.#threads.learn(channel),
        channelUpdated: (channel) => channels.updated(channel),
        channelDeleted: ({ id }) => channels.deleted(id),
        channelsListed: (listed) => channels.listed(listed),
        channelsBack: (ids) => channels.back(ids),
        guildLost: (ids) => channels.lost(ids),
        created: (message) => inbound.created(message),
        updated: (message) => inbound.updated(message),
        deleted: (message) => inbound.deleted(message),
        deletedMany: (messages) => inbound.deletedMany(messages),
        threadDeleted: (deleted) => inbound.threadDeleted(deleted),
      },
      onFatal,
      this.log,
    );
    const inbound = new Inbound(intake, this.#threads, gateway.names, this.log, (id) =>
      this.#typing.start(id),
    );
    this.#inbound = inbound;
    this.#gateway = gateway;
    await gateway.open();
  }

  stopIntake(): void {
    this.#inbound?.stop();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.stopIntake();
    await this.#gateway?.close();
    this.#reader.clearHashSweeper();
    this.#reader.clearHandlerSweeper();
    this.#typing.close();
    this.#sender.close();
  }

  render(content: string, from: number): Piece[] {
    return render(content, from);
  }

  post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    const { threadId, replyTo, channel } = delivery;
    this.#typing.stop(threadId ?? channel);
    // The question was asked in the channel, the answer opens a thread at it.
    if (threadId === replyTo) this.#typing.stop(channel);
    return this.#sender.post(delivery, part, piece, signal);
  }

  find(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<Found> {
    return this.#finder.find(delivery, part, piece, signal);
  }

  edit(delivery: Delivery, postId: string, piece: Piece, signal: AbortSignal): Promise<void> {
    return this.#sender.edit(delivery, postId, piece, signal);
  }

  remove(delivery: Delivery, postId: string, signal: AbortSignal): Promise<void> {
    return this.#sender.remove(delivery, postId, signal);
  }

  #started(): Inbound {
    if (this.#inbound === undefined)
      throw new Error("history is read only once Discord is connected");
    return this.#inbound;
  }

  async #fetchChannel(id: string): Promise<WireChannel | undefined> {
    try {
      return channelAnswer.parse(await this.#reader.get(Routes.channel(id)));
    } catch (error) {
      if (error instanceof DiscordAPIError && (error.status === 403 || error.status === 404))
        return undefined;
      throw error;
    }
  }
}
