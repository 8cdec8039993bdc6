import type { FunctionArgs, FunctionReturnType } from "convex/server";
import type { api } from "../convex/_generated/api.js";

export type PlatformName = "discord" | "slack";

/** A mapped channel, as the bridge needs to know it: where its events go. */
export type Mapping = FunctionReturnType<typeof api.bridge.mappings>[number];
export type MappingId = Mapping["mappingId"];

/** The normalised events and what became of them. `convex/model/validators.ts` says what each field means. */
export type BridgeEvent = FunctionArgs<typeof api.bridge.ingest>["events"][number];
export type MessageEvent = Extract<BridgeEvent, { type: "message" }>;
export type DeleteEvent = Extract<BridgeEvent, { type: "delete" }>;
export type Outcome = FunctionReturnType<typeof api.bridge.ingest>[number];

export type Person = FunctionArgs<typeof api.bridge.report>["people"][number];
export type Problem = FunctionArgs<typeof api.bridge.report>["problems"][number];
export type Health = FunctionArgs<typeof api.bridge.report>["health"][number];

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
  /** A name learned after the fact. Batched, best effort: forgotten names are learned again. */
  named(person: Person): void;
  /** Something an admin should see. Batched, retried until stored. */
  problem(problem: Problem): void;
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
  /** Replaces the text of a piece. Throws `PlatformError`. */
  edit(delivery: Delivery, postId: string, piece: Piece, signal: AbortSignal): Promise<void>;
  /** Takes a piece down. A piece already gone is a success. Throws `PlatformError`. */
  remove(delivery: Delivery, postId: string, signal: AbortSignal): Promise<void>;
}
