import type { Logger } from "pino";
import type { BridgeEvent, Intake, Mapping, MappingId, Outcome, Trouble } from "../../platform.ts";
import type { IngestBackend } from "../convex/backend.ts";
import { nameChannels } from "../ops/log.ts";
import { settledWithin } from "../shared/backoff.ts";
import { FatalError, NotTaken } from "../shared/errors.ts";
import type { CursorTracker } from "./cursor_tracker.ts";
import { IngestQueue, type QueueLimits } from "./queue.ts";
import { Reporter, type ReportLimits } from "./reporter.ts";

/** How long Convex may take to answer with the first list of mappings, in ms. */
const FIRST_MAPPINGS_MS = 10_000;

/** How long `drain` waits for cursors to move, in ms. */
const CURSORS_MS = 1_000;

export interface IntakeOptions {
  readonly limits?: Partial<QueueLimits>;
  readonly reportLimits?: Partial<ReportLimits>;
  readonly firstMappingsMs?: number;
  /** Stores events by another connection than the backend's (docs/races.md#contention-closes-the-socket). */
  readonly apart?: Pick<IngestBackend, "ingest">;
  /** An event was not stored, and only the platform's history still has it. */
  readonly onLoss?: (event: BridgeEvent, why: NotTaken["why"] | "set aside" | "inactive") => void;
  /** Convex refuses a report for good. */
  readonly onReportDropped?: () => void;
  /** Convex has stored an event with files, or has answered otherwise. `isHistory`: a catch-up has read it. */
  readonly onFiles?: (event: BridgeEvent, outcome: Outcome, isHistory: boolean) => void;
  /** The mappings, at the start and whenever an admin changes them. */
  readonly onMappings?: (mappings: readonly Mapping[]) => void;
  /** See `Intake.gap`. */
  readonly onGap?: (why: string, mappingId?: MappingId) => void;
}

/** Takes one platform's events and reports: keeps the list of mapped channels, and queues their events for Convex. */
export class BridgeIntake implements Intake {
  readonly #queue: IngestQueue;
  readonly #reporter: Reporter;
  #mappings: ReadonlyMap<string, Mapping> = new Map();
  #unwatch = () => {};

  constructor(
    private readonly backend: IngestBackend,
    private readonly log: Logger,
    private readonly cursors: CursorTracker,
    private readonly options: IntakeOptions = {},
  ) {
    this.#reporter = new Reporter((report) => backend.report(report), {
      log,
      ...(options.reportLimits && { limits: options.reportLimits }),
      ...(options.onReportDropped && { onDropped: options.onReportDropped }),
    });
    this.#queue = new IngestQueue(
      {
        send: (events, apart) => this.#send(events, apart),
        setAside: (event, code) => this.#setAside(event, code),
        refused: (event, why) => {
          log.warn({ mappingId: event.mappingId, why }, "an event was refused");
          options.onLoss?.(event, why);
        },
      },
      options.limits,
    );
  }

  /** Resolves with the first list of mappings. Rejects with `FatalError` if the deployment does not send one. */
  async start(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#unwatch = this.backend.watchMappings((mappings) => {
        this.#mappings = new Map(mappings.map((mapping) => [mapping.externalId, mapping]));
        nameChannels(mappings);
        this.log.info({ channels: mappings.length }, "mapped channels");
        resolve();
        this.options.onMappings?.(mappings);
      });
    });
    if (await settledWithin(first, this.options.firstMappingsMs ?? FIRST_MAPPINGS_MS)) return;
    throw new FatalError(
      "BACKEND",
      "the Convex deployment does not send the list of mapped channels",
      "Push this project's functions to it: npm run setup",
    );
  }

  readonly mappingOf: Intake["mappingOf"] = (channelId) => this.#mappings.get(channelId);
  readonly push: Intake["push"] = (event) => this.#withFiles(event, this.#queue.push(event), false);
  readonly gap: Intake["gap"] = (why, mappingId) => this.options.onGap?.(why, mappingId);
  readonly person: Intake["person"] = (person) => this.#reporter.person(person);
  readonly channel: Intake["channel"] = (update) => this.#reporter.channel(update);
  readonly problem: Intake["problem"] = (problem) => this.#reporter.problem(problem);
  readonly health: Intake["health"] = (health) => this.#reporter.health(health);

  /** Queues an event that a catch-up has read. Refused, it is not lost: the catch-up offers it again. */
  offer(event: BridgeEvent): Promise<Outcome> | NotTaken {
    const taken = this.#queue.offer(event);
    return taken instanceof NotTaken ? taken : this.#withFiles(event, taken, true);
  }

  #withFiles(event: BridgeEvent, taken: Promise<Outcome>, isHistory: boolean): Promise<Outcome> {
    if (event.type === "message" && event.attachments.length > 0)
      taken.then(
        (outcome) => this.options.onFiles?.(event, outcome, isHistory),
        () => undefined,
      );
    return taken;
  }

  /** See `IngestQueue.contended`. */
  contended(): void {
    this.#queue.contended();
  }

  /** Marks every mapping as broken: the platform is unreachable until an admin fixes it. */
  failed(trouble: Trouble): void {
    for (const { mappingId } of this.#mappings.values())
      this.health({ mappingId, direction: "in", trouble });
  }

  /** Stops taking events. Returns whether everything taken was stored within `ms`. */
  async drain(ms: number): Promise<boolean> {
    const start = performance.now();
    const left = () => ms - (performance.now() - start);
    const committed = await this.#queue.drain(ms);
    // Best effort: a cursor left behind costs only repeated work.
    await settledWithin(this.cursors.flush(), Math.min(CURSORS_MS, left()));
    const reported = await this.#reporter.drain(left());
    return committed && reported;
  }

  /** Drops what is left. */
  end(): void {
    this.#unwatch();
    this.cursors.end();
    this.#queue.end();
    this.#reporter.end();
  }

  /**
   * While older messages may still be read, a new one must not be relayed before them. Decided when it is sent: one that
   * was taken before the end of a catch-up and is sent after it has none to wait for, and nobody would end its wait.
   */
  #markLate(events: readonly BridgeEvent[]): void {
    for (const event of events) {
      if (event.type !== "message") continue;
      if (!this.cursors.isComplete(event.mappingId)) event.late = true;
      else if (event.late) delete event.late;
    }
  }

  async #send(events: BridgeEvent[], apart = false): Promise<Outcome[]> {
    this.#markLate(events);
    // No cursor moves apart: the call that is in flight moves them.
    const advances = apart ? [] : this.cursors.liveAdvances(events, () => this.#queue.messages());
    const backend = apart ? (this.options.apart ?? this.backend) : this.backend;
    const outcomes = await backend.ingest(events, advances);
    this.cursors.liveAdvanced(advances);
    this.#reportInactive(events, outcomes);
    this.#logStored(events, outcomes);
    return outcomes;
  }

  async #setAside(event: BridgeEvent, code: string): Promise<void> {
    const { mappingId, externalId } = event;
    this.log.error({ mappingId, externalId, code }, "an event was set aside");
    await this.#reporter.problem({
      mappingId,
      kind: "event_set_aside",
      externalId,
      reason: `Convex could not store this ${event.type} (${code})`,
    });
    this.options.onLoss?.(event, "set aside");
  }

  /** A pause may begin and end before the subscription shows it. What it refused must be caught up. */
  #reportInactive(events: readonly BridgeEvent[], outcomes: readonly Outcome[]): void {
    for (const [index, event] of events.entries())
      if (outcomes[index] === "inactive") this.options.onLoss?.(event, "inactive");
  }

  /** Lines are built only if they are logged: a line for each event slows ingestion. */
  #logStored(events: readonly BridgeEvent[], outcomes: readonly Outcome[]): void {
    if (!this.log.isLevelEnabled("debug")) return;
    for (const [n, { mappingId, externalId, type }] of events.entries()) {
      this.log.debug({ mappingId, externalId, type, outcome: outcomes[n] }, "an event is stored");
    }
  }
}
