import { DiscordAPIError } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import type { Logger } from "pino";
import { z } from "zod";
import type { Delivery, Intake, Piece, Platform } from "../platform.ts";
import { tokenRefused } from "./fatal.ts";
import { FORMAT, render } from "./format.ts";
import { Gateway } from "./gateway.ts";
import { Inbound } from "./inbound.ts";
import { createReader, createWriter, type RestConfig } from "./rest.ts";
import { Sender } from "./send.ts";
import { Threads, type WireChannel } from "./threads.ts";

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
  readonly #reader;
  readonly #threads;
  readonly #sender;
  #gateway: Gateway | undefined;
  #inbound: Inbound | undefined;
  #closed = false;
  #onFatal: (error: Error) => void = () => undefined;

  constructor(
    private readonly config: RestConfig,
    private readonly log: Logger,
  ) {
    this.#reader = createReader(config);
    this.#threads = new Threads((id) => this.#fetchChannel(id));
    this.#sender = new Sender(
      createWriter(config),
      (id) => this.#threads.known(id)?.kind === "thread",
      () => this.#onFatal(tokenRefused()),
    );
  }

  async start(intake: Intake, onFatal: (error: Error) => void): Promise<void> {
    if (this.#closed) throw new Error("closed before it started");
    this.#onFatal = onFatal;
    const gateway: Gateway = new Gateway(
      this.config,
      {
        identified: (botId) => inbound.identify(botId),
        channel: (channel) => void this.#threads.learn(channel),
        created: (message) => inbound.created(message),
        updated: (message) => inbound.updated(message),
        deleted: (message) => inbound.deleted(message),
        deletedMany: (messages) => inbound.deletedMany(messages),
      },
      onFatal,
      this.log,
    );
    const inbound = new Inbound(intake, this.#threads, gateway.names, this.log);
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
    this.#sender.close();
  }

  render(content: string, from: number): Piece[] {
    return render(content, from);
  }

  post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string> {
    return this.#sender.post(delivery, part, piece, signal);
  }

  edit(delivery: Delivery, postId: string, piece: Piece, signal: AbortSignal): Promise<void> {
    return this.#sender.edit(delivery, postId, piece, signal);
  }

  remove(delivery: Delivery, postId: string, signal: AbortSignal): Promise<void> {
    return this.#sender.remove(delivery, postId, signal);
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
