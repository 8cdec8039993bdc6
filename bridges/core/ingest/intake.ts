import type { Logger } from "pino";
import type {
  BridgeEvent,
  ChannelUpdate,
  Health,
  Intake,
  Mapping,
  MappingId,
  Outcome,
  Person,
  Problem,
  Trouble,
} from "../../platform.ts";
import type { Advance, IngestBackend } from "../convex/backend.ts";
import { settledWithin } from "../shared/backoff.ts";
import { FatalError, failureCode, type NotTaken } from "../shared/errors.ts";
import { nameChannels } from "../ops/log.ts";
import { IngestQueue, type QueueLimits } from "./queue.ts";
import { type ReportLimits, Reporter } from "./reporter.ts";
import type { CursorTracker } from "./cursor_tracker.ts";

/** How long the first list of mappings may take, in ms. */
const FIRST_MAPPINGS_MS = 10_000;

/** How long advances of cursors are gathered, and how long they wait after a failure, in ms. */
const GATHER_MS = 500;
const MOVE_AGAIN_MS = 10_000;

export interface IntakeOptions {
  readonly limits?: Partial<QueueLimits>;
  readonly reportLimits?: Partial<ReportLimits>;
  readonly firstMappingsMs?: number;
  /** An event was not stored, and only the platform's history still has it: its mapping is no longer whole. */
  readonly onLoss?: (event: BridgeEvent, why: NotTaken["why"] | "set aside" | "inactive") => void;
  /** The mappings, at the start and whenever an admin changes them. */
  readonly onMapped?: (mappings: readonly Mapping[]) => void;
  /** See `Intake.gap`. */
  readonly onGap?: (why: string, mappingId?: MappingId) => void;
}

/** The way in of one platform: which channels are mirrored, and the queue their events go through. */
export class BridgeIntake implements Intake {
  readonly #backend: IngestBackend;
  readonly #log: Logger;
  readonly #firstMappingsMs: number;
  readonly #queue: IngestQueue;
  readonly #reporter: Reporter;
  #mappings: ReadonlyMap<string, Mapping> = new Map();
  #unwatch = () => {};
  #moving: NodeJS.Timeout | undefined;

  constructor(
    backend: IngestBackend,
    log: Logger,
    /** For which mappings nothing was missed. */
    readonly wholeness: CursorTracker,
    private readonly options: IntakeOptions = {},
  ) {
    const onLoss = options.onLoss ?? (() => {});
    this.#backend = backend;
    this.#log = log;
    this.#firstMappingsMs = options.firstMappingsMs ?? FIRST_MAPPINGS_MS;
    this.#reporter = new Reporter((report) => backend.report(report), log, options.reportLimits);
    this.#queue = new IngestQueue(
      {
        send: (events) => this.#send(events),
        setAside: async (event, code) => {
          log.error(
            { mappingId: event.mappingId, externalId: event.externalId, code },
            "an event was set aside",
          );
          await this.#reporter.problem(setAsideProblem(event, code));
          onLoss(event, "set aside");
        },
        turnedAway: (event, why) => {
          log.warn({ mappingId: event.mappingId, why }, "an event was turned away");
          onLoss(event, why);
        },
      },
      options.limits,
    );
  }

  /** Resolves with the first list of mappings. Rejects with `FatalError` when the deployment doesn't give it. */
  async start(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#unwatch = this.#backend.watchMappings((mappings) => {
        this.#mappings = new Map(mappings.map((mapping) => [mapping.externalId, mapping]));
        nameChannels(mappings);
        this.#log.info({ channels: mappings.length }, "mapped channels");
        resolve();
        this.options.onMapped?.(mappings);
      });
    });
    if (await settledWithin(first, this.#firstMappingsMs)) return;
    throw new FatalError(
      "BACKEND",
      "the Convex deployment does not tell which channels are mapped",
      "Push this project's functions to it: npm run setup",
    );
  }

  mappingOf(channelId: string): Mapping | undefined {
    return this.#mappings.get(channelId);
  }

  push(event: BridgeEvent): Promise<Outcome> {
    return this.#queue.push(event);
  }

  /** The same for an event that catching up has read: not taken, it is not lost. */
  offer(event: BridgeEvent): Promise<Outcome> | NotTaken {
    return this.#queue.offer(event);
  }

  gap(why: string, mappingId?: MappingId): void {
    this.options.onGap?.(why, mappingId);
  }

  /** Everything of a mapping up to there is committed. Told with what other mappings have to tell. */
  committed(advance: Advance): void {
    this.wholeness.committed(advance);
    this.#moveCursorsIn(GATHER_MS);
  }

  person(person: Person): void {
    this.#reporter.person(person);
  }

  channel(news: ChannelUpdate): Promise<void> {
    return this.#reporter.channel(news);
  }

  problem(problem: Problem): Promise<void> {
    return this.#reporter.problem(problem);
  }

  health(health: Health): void {
    this.#reporter.health(health);
  }

  /** The whole platform is out of reach until a person mends it: every mapping is told to be. */
  failed(trouble: Trouble): void {
    for (const { mappingId } of this.#mappings.values())
      this.health({ mappingId, direction: "in", trouble });
  }

  /** Takes no more events; whether everything taken was stored within `ms`. */
  async drain(ms: number): Promise<boolean> {
    const start = performance.now();
    const committed = await this.#queue.drain(ms);
    // Best effort: a cursor left behind costs only repeated work.
    await settledWithin(this.#moveCursors(), Math.min(1_000, ms - (performance.now() - start)));
    const told = await this.#reporter.drain(ms - (performance.now() - start));
    return committed && told;
  }

  /** Lets go of what is left. */
  end(): void {
    this.#unwatch();
    clearTimeout(this.#moving);
    this.#queue.end();
    this.#reporter.end();
  }

  async #send(events: BridgeEvent[]): Promise<Outcome[]> {
    const live = this.wholeness.live(events, () => this.#queue.messages());
    const outcomes = await this.#backend.ingest(events, live);
    this.wholeness.moved(live);
    this.#tellInactive(events, outcomes);
    this.#logStored(events, outcomes);
    return outcomes;
  }

  /**
   * A pause may have begun and ended before the subscription told of it: what came meanwhile is to be caught up with,
   * and no live event may move the cursor over it.
   */
  #tellInactive(events: readonly BridgeEvent[], outcomes: readonly Outcome[]): void {
    for (const [index, event] of events.entries())
      if (outcomes[index] === "inactive") this.options.onLoss?.(event, "inactive");
  }

  /** Every event's line costs time of the way in, so they are only made where they are read. */
  #logStored(events: readonly BridgeEvent[], outcomes: readonly Outcome[]): void {
    if (!this.#log.isLevelEnabled("debug")) return;
    for (const [n, { mappingId, externalId, type }] of events.entries()) {
      this.#log.debug({ mappingId, externalId, type, outcome: outcomes[n] }, "an event is stored");
    }
  }

  /** In calls of their own: whatever Convex may have against a cursor must keep no event out. */
  async #moveCursors(): Promise<void> {
    while (this.wholeness.hasNews) {
      const known = this.wholeness.take();
      try {
        await this.#backend.ingest([], known);
      } catch (error) {
        this.wholeness.failed(known);
        this.#log.warn({ code: failureCode(error) }, "cannot move cursors");
        this.#moveCursorsIn(MOVE_AGAIN_MS);
        return;
      }
    }
  }

  #moveCursorsIn(ms: number): void {
    this.#moving ??= setTimeout(() => {
      this.#moving = undefined;
      void this.#moveCursors();
    }, ms);
  }
}

function setAsideProblem(event: BridgeEvent, code: string): Problem {
  return {
    mappingId: event.mappingId,
    kind: "event set aside",
    externalId: event.externalId,
    reason: `Convex could not store this ${event.type} (${code})`,
  };
}
