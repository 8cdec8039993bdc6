import { DiscordAPIError } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import type { Logger } from "pino";
import { withChannelTroubles } from "../core/catch_up/channel_troubles.ts";
import type { History, Intake, Platform } from "../platform.ts";
import { fatalError } from "./sdk_errors.ts";
import { TOKEN_REFUSED } from "./failures.ts";
import { Gateway } from "./gateway/gateway.ts";
import { DiscordHistory } from "./history/history.ts";
import { channelSchema } from "./history/requests.ts";
import { ChannelFollower } from "./inbound/channels.ts";
import type { Names } from "./inbound/normalise.ts";
import { Router } from "./inbound/router.ts";
import { Threads, type WireChannel } from "./inbound/threads.ts";
import { Finder } from "./outbound/find.ts";
import { FORMAT, render } from "./outbound/format.ts";
import { Sender } from "./outbound/send.ts";
import { Typing } from "./outbound/typing.ts";
import { createReader, createWriter, type RestConfig } from "./rest.ts";

/** What exists once the bridge has started. */
interface Session {
  readonly gateway: Gateway;
  readonly router: Router;
  readonly channels: ChannelFollower;
}

/** The Discord platform: receives events through discord.js, reads history and posts over REST. Connects on `start`. */
export class Discord implements Platform {
  readonly name = "discord";
  readonly format = FORMAT;
  readonly history: History;
  readonly #reader;
  readonly #writer;
  readonly #threads;
  readonly #sender;
  readonly #typing;
  readonly #finder;
  readonly #names: Names = {
    role: (id) => this.#session?.gateway.names.role(id),
    channel: (id) => this.#session?.gateway.names.channel(id),
  };
  #session: Session | undefined;
  #isClosed = false;
  #onFatal: (error: Error) => void = () => undefined;

  constructor(
    private readonly config: RestConfig,
    private readonly log: Logger,
  ) {
    this.#reader = createReader(config);
    this.#writer = createWriter(config);
    this.#typing = new Typing((id) => this.#reader.post(Routes.channelTyping(id)));
    this.#threads = new Threads((id) => this.#fetchChannel(id));
    this.#finder = new Finder(this.#reader);
    const history = new DiscordHistory({
      reader: this.#reader,
      names: this.#names,
      botId: () => this.#started().router.botId,
      threadFound: (thread) => void this.#threads.record(thread),
      unreadable: (mapping, id) => this.#started().router.reportUnreadable(mapping, id),
      unknown: ({ mappingId }, kind) => this.#started().router.unknown(mappingId, kind),
    });
    this.history = withChannelTroubles(history, (mapping) =>
      this.#session?.channels.troubles.check(mapping),
    );
    this.#sender = new Sender(
      this.#writer,
      (id) => this.#threads.get(id)?.kind === "thread",
      () => this.#onFatal(fatalError(TOKEN_REFUSED)),
    );
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
    const listener = { threads, channels, router };
    const gateway = new Gateway(this.config, listener, onFatal, this.log);
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
  readonly find: Platform["find"] = (...args) => this.#finder.find(...args);
  readonly edit: Platform["edit"] = (...args) => this.#sender.edit(...args);
  readonly remove: Platform["remove"] = (...args) => this.#sender.remove(...args);

  readonly post: Platform["post"] = (delivery, ...rest) => {
    const { threadId, replyTo, channel } = delivery;
    this.#typing.stop(threadId ?? channel);
    // The question is in the channel, and the reply opens a thread at it.
    if (threadId === replyTo) this.#typing.stop(channel);
    return this.#sender.post(delivery, ...rest);
  };

  #started(): Session {
    if (!this.#session) throw new Error("history is readable only once Discord is connected");
    return this.#session;
  }

  /** `undefined`: there is no such channel, or the bot may not see it. */
  async #fetchChannel(id: string): Promise<WireChannel | undefined> {
    try {
      return channelSchema.parse(await this.#reader.get(Routes.channel(id)));
    } catch (error) {
      if (error instanceof DiscordAPIError && (error.status === 403 || error.status === 404))
        return undefined;
      throw error;
    }
  }
}
