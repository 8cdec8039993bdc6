import type { Logger } from "pino";
import { withChannelTroubles, ChannelTroubles } from "../core/catch_up/channel_troubles.ts";
import { BridgeError } from "../core/shared/errors.ts";
import type { Delivery, History, Intake, Platform } from "../platform.ts";
import { SlackHistory } from "./history/history.ts";
import { identify } from "./identity.ts";
import { ChannelIds } from "./inbound/channel_ids.ts";
import { Downloads } from "./inbound/downloads.ts";
import { Files } from "./inbound/files.ts";
import { People } from "./inbound/people.ts";
import { Profiles } from "./inbound/profile.ts";
import { Router } from "./inbound/router.ts";
import { findPost } from "./outbound/find.ts";
import { FORMAT, renderPieces } from "./outbound/format.ts";
import { Sender } from "./outbound/send.ts";
import { Thinking } from "./outbound/thinking.ts";
import { connect } from "./socket/connection.ts";
import { CommitReceiver } from "./socket/receiver.ts";
import { SlackApi, type SlackConfig } from "./web.ts";

/** Minimum difference in age of the two sockets, in ms. Slack replaces a socket after some hours. */
const AGE_GAP_MS = 10 * 60_000;

export interface SlackOptions {
  readonly ageGapMs?: number;
}

/** What exists once Slack has confirmed the bot's identity. */
interface Session {
  readonly intake: Intake;
  readonly people: People;
  readonly router: Router;
  readonly receiver: CommitReceiver;
}

/** The Slack platform: receives events through Bolt in Socket Mode, posts through the Web API. */
export class Slack implements Platform {
  readonly name = "slack";
  readonly format = FORMAT;
  /** https://docs.slack.dev/reference/methods/chat.update: 50 a minute and workspace, some of them for edits that must not wait. */
  readonly liveEdits = { laneMs: 3_000, allMs: 1_500 };
  readonly history: History;
  readonly #api: SlackApi;
  readonly #sender: Sender;
  readonly #files: Files;
  readonly #downloads: Downloads;
  readonly #channelIds = new ChannelIds();
  readonly #troubles = new ChannelTroubles();
  readonly #closing = new AbortController();
  #session: Session | undefined;
  #onFatal: ((error: Error) => void) | undefined;

  constructor(
    private readonly config: SlackConfig,
    private readonly log: Logger,
    private readonly options: SlackOptions = {},
  ) {
    this.#api = new SlackApi(config, log);
    this.#downloads = new Downloads(config, this.#api);
    this.#sender = new Sender(config, this.#api, (error) => this.#fatal(error));
    this.#files = new Files((id, end) => this.#downloads.info(id, end), log);
    const history = new SlackHistory(this.#api, {
      named: (event) => this.#files.name(event),
      normalise: (message, mapping) => this.#started().router.fromHistory(message, mapping),
      reactions: (message, mapping) => this.#started().router.reactionsIn(message, mapping),
      unreadable: (mapping, ts) =>
        // Not awaited: the report is retried until it is stored, and rejects only when the process stops.
        void this.#started()
          .router.reportUnreadable(mapping, ts)
          .catch(() => undefined),
      renamed: ({ mappingId }, name) => void this.#session?.intake.channel({ mappingId, name }),
      channelOf: ({ externalId }) => this.#channelIds.current(externalId),
    });
    this.history = withChannelTroubles(history, (mapping) => this.#troubles.check(mapping));
  }

  async start(intake: Intake, onFatal: (error: Error) => void): Promise<void> {
    this.#onFatal = onFatal;
    const { signal } = this.#closing;
    const identity = await identify(this.#api, this.log, signal);
    if (signal.aborted) throw new BridgeError("CLOSED", "closed before Slack was reached");
    const fatal = (error: Error) => this.#fatal(error);
    const profiles = new Profiles(this.#api);
    const people = new People({
      lookUp: (id, kind) => profiles.of(id, kind),
      learned: (person) => intake.person(person),
      log: this.log,
    });
    const { log } = this;
    const files = this.#files;
    const downloads = this.#downloads;
    const channels = { channelIds: this.#channelIds, troubles: this.#troubles };
    const thinking = new Thinking(this.#api, log, signal);
    const asked = (channel: string, thread: string) => thinking.show(channel, thread);
    const router = new Router({
      identity,
      intake,
      people,
      files,
      downloads,
      fatal,
      asked,
      log,
      ...channels,
    });
    const events = router.events();
    const receiver = new CommitReceiver(this.config, log, {
      ageGapMs: this.options.ageGapMs ?? AGE_GAP_MS,
      gap: () => intake.gap("no Slack socket was open"),
      fatal,
      events,
      unreadable: () => router.unreadable(),
    });
    this.#session = { intake, people, router, receiver };
    await connect(receiver, events, identity, this.config, log);
  }

  stopIntake(): void {
    this.#session?.receiver.stopAccepting();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#session?.people.stop();
    await this.#session?.receiver.stop();
  }

  readonly download: Platform["download"] = (...args) => this.#downloads.download(...args);
  readonly render = renderPieces;
  readonly find: Platform["find"] = (delivery, part, _piece, signal) =>
    findPost(this.#api, this.#current(delivery), part, signal);
  readonly post: Platform["post"] = (delivery, ...rest) =>
    this.#sender.post(this.#current(delivery), ...rest);
  readonly edit: Platform["edit"] = (delivery, ...rest) =>
    this.#sender.edit(this.#current(delivery), ...rest);
  readonly remove: Platform["remove"] = (delivery, ...rest) =>
    this.#sender.remove(this.#current(delivery), ...rest);

  /** The delivery in the channel's current id: it may have been claimed before Convex stored that. */
  #current(delivery: Delivery): Delivery {
    return { ...delivery, channel: this.#channelIds.current(delivery.channel) };
  }

  /** Reports the first fatal error only. */
  #fatal(error: Error): void {
    this.#onFatal?.(error);
    this.#onFatal = undefined;
  }

  #started(): Session {
    if (this.#session === undefined)
      throw new BridgeError("NOT_STARTED", "history is readable only once Slack is connected");
    return this.#session;
  }
}
