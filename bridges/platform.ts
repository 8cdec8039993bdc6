import type { FunctionArgs, FunctionReturnType } from "convex/server";
import type { api } from "../convex/_generated/api.js";

export type PlatformName = "discord" | "slack";

/** A mapped channel, as the bridge needs to know it: where its events go. */
export type Mapping = FunctionReturnType<typeof api.bridge.mappings>[number];
export type SnapshotRow = FunctionReturnType<typeof api.bridge.standing>["rows"][number];
export type MappingId = Mapping["mappingId"];

/** The normalised events and what became of them. `convex/model/shared/validators.ts` says what each field means. */
export type BridgeEvent = FunctionArgs<typeof api.bridge.ingest>["events"][number];
export type MessageEvent = Extract<BridgeEvent, { type: "message" }>;
export type DeleteEvent = Extract<BridgeEvent, { type: "delete" }>;
export type Outcome = FunctionReturnType<typeof api.bridge.ingest>[number];

export type Person = FunctionArgs<typeof api.bridge.report>["people"][number];
export type Problem = FunctionArgs<typeof api.bridge.report>["problems"][number];
export type ChannelUpdate = NonNullable<FunctionArgs<typeof api.bridge.report>["channels"]>[number];
export type Health = FunctionArgs<typeof api.bridge.report>["health"][number];
/** What is wrong with one direction of a mapping, and the step that fixes it. */
export type Trouble = NonNullable<Health["trouble"]>;

/** One claimed delivery: what to post, where, and what of it stands there already. */
export type Delivery = Extract<
  FunctionReturnType<typeof api.bridge.claim>,
  { status: "claimed" }
>["delivery"];

/**
 * One message's worth of a reply, ready for the platform. `upTo` is the offset in the delivery's content
 * (UTF-16 units) where it ends: stored with the post, so that a reply cut short resumes at that character
 * whatever the splitter does by then [C5].
 */
export interface Piece {
  readonly text: string;
  readonly upTo: number;
}

/**
 * What became of a post whose answer never came.
 * posted      it stands there
 * absent      it isn't there, as far as the platform shows
 * repeatable  the platform knows the post again and would not make a second one: sending it again is the way to ask
 * unsure      the platform's history doesn't tell
 */
export type Found =
  | { readonly status: "posted"; readonly externalId: string }
  | { readonly status: "absent" }
  | { readonly status: "repeatable" }
  | { readonly status: "unsure"; readonly reason: string };

/** A thread of a mapped channel. */
export interface ThreadRef {
  readonly id: string;
  readonly name?: string;
}

/** Where a channel may hold what was said after a position. */
export interface ChannelActivity {
  /** `none`: the channel itself takes no messages (a forum). `quiet`: nothing after the position. */
  readonly channel: "none" | "quiet" | "active";
  readonly threads: readonly ThreadRef[];
  /** What can't be looked through, in words for an admin. */
  readonly missed?: string;
  /** What is wrong with the channel although it can be read: it is archived. */
  readonly trouble?: Trouble;
}

/** Consecutive messages of one channel or thread, oldest first. */
export interface HistoryPage {
  /** What of it is mirrored. */
  readonly events: readonly MessageEvent[];
  /** Ids of all that stands there, mirrored or not. */
  readonly ids: readonly string[];
  /** Position of the last of them. */
  readonly upTo: string;
}

/**
 * What a platform still knows of the past. Waits out rate limits and short failures by itself; throws
 * `PlatformError` when that doesn't help, or when only a person can. Positions are as in `convex/model/shared/positions.ts`.
 */
export interface History {
  /** For so long, in ms, an event may be under way: a cursor stays that far behind. */
  readonly eventDelayMs: number;
  /**
   * Where there may be something after `after`. Not by what the platform said before `asOf` (`performance.now()`): that
   * may lack it. (Later answers may serve several mappings.)
   */
  activity(
    mapping: Mapping,
    after: string,
    signal: AbortSignal,
    asOf?: number,
  ): Promise<ChannelActivity>;
  /**
   * Everything after `after`, to the end. Without a thread: what stands in the channel itself. `gone`: the thread was
   * deleted, and all that was said in it. What fails in a thread is no failure of its mapping.
   */
  read(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncIterable<HistoryPage | "gone">;
  /** The channel's newest `count` messages; of a forum, those of its posts. */
  newest(mapping: Mapping, count: number, signal: AbortSignal, asOf?: number): Promise<HistoryPage>;
  /** Whether a message still stands. True when that can't be told. */
  exists(
    mapping: Mapping,
    threadId: string | undefined,
    externalId: string,
    signal: AbortSignal,
  ): Promise<boolean>;
}

/** What the core offers to a platform. Every method returns at once or with a promise; none throws. */
export interface Intake {
  /** The active mapping of a platform channel (for a thread: ask with its parent's id); else drop the event. */
  mappingOf(channelId: string): Mapping | undefined;
  /**
   * Queues an event, synchronously and in call order. Resolves once Convex has committed it (or, after every
   * attempt, a problem row in its stead). Rejects with `NotTaken` when it was not taken: the queue is full or
   * the process is stopping. Slack acknowledges on resolve only.
   */
  push(event: BridgeEvent): Promise<Outcome>;
  /**
   * Events may have passed unheard: every mapping has to be caught up with, or the one that is named. Told before
   * any event that came after the gap is pushed.
   */
  gap(why: string, mappingId?: MappingId): void;
  /** A name learned after the fact. Batched, best effort: forgotten names are learned again. */
  person(person: Person): void;
  /** A mapped channel was renamed or has another id now. Batched, retried; resolves once stored, as `problem` does. */
  channel(news: ChannelUpdate): Promise<void>;
  /**
   * Something an admin should see. Batched, retried until stored. Rejects with `NotTaken` when the process stops
   * before; who doesn't wait for it need not handle that.
   */
  problem(problem: Problem): Promise<void>;
  /** One direction of a mapping broke, or works again. Batched; repeats of the same state cost nothing. */
  health(health: Health): void;
}

/** What a chat platform does for the core. One instance holds one platform's connections. */
export interface Platform {
  readonly name: PlatformName;
  /** Version of the renderer; stored with a delivery, because other versions may cut elsewhere [C5]. */
  readonly format: string;
  /**
   * Connects and resolves once events flow. Rejects with `FatalError` when only a person can help (bad token,
   * missing intent). Later trouble of that kind goes to `onFatal`.
   */
  start(intake: Intake, onFatal: (error: Error) => void): Promise<void>;
  /** Usable once `start` has ended. */
  readonly history: History;
  /** Takes no more events. Connections stay up, so that what was taken can still be acknowledged. */
  stopIntake(): void;
  /** Closes every connection. Safe to call twice, and before `start` has ended. */
  close(): Promise<void>;
  /** Cuts canonical Markdown from offset `from` into pieces that fit, in the platform's own form. Pure. */
  render(content: string, from: number): Piece[];
  /**
   * Posts one piece as part `part` of the delivery and returns the platform's id for it. One attempt, no
   * retries of its own. Throws `PlatformError`; `certain: false` when the platform may have accepted it.
   */
  post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string>;
  /**
   * Looks for a piece that somebody may have posted as part `part` since the delivery's first claim. Never posts.
   * Throws `PlatformError` when it can't look.
   */
  find(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<Found>;
  /** Replaces the text of a piece. Throws `PlatformError`. */
  edit(delivery: Delivery, postId: string, piece: Piece, signal: AbortSignal): Promise<void>;
  /** Takes a piece down. A piece already gone is a success. Throws `PlatformError`. */
  remove(delivery: Delivery, postId: string, signal: AbortSignal): Promise<void>;
}
