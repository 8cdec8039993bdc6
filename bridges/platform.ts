import type { FunctionArgs, FunctionReturnType } from "convex/server";
import type { api } from "../convex/_generated/api.js";

export type PlatformName = "discord" | "slack";

/** A mapped channel: where its events go. */
export type Mapping = FunctionReturnType<typeof api.bridge.mappings>[number];
/** A message that Convex has stored, as a catch-up compares it with the platform. */
export type SnapshotRow = FunctionReturnType<typeof api.bridge.standing>["rows"][number];
export type MappingId = Mapping["mappingId"];

/** The normalised events, and what Convex did with each. `convex/model/shared/validators.ts` documents the fields. */
export type BridgeEvent = FunctionArgs<typeof api.bridge.ingest>["events"][number];
export type MessageEvent = Extract<BridgeEvent, { type: "message" }>;
export type Attachment = MessageEvent["attachments"][number];
export type DeleteEvent = Extract<BridgeEvent, { type: "delete" }>;
export type ReactionEvent = Extract<BridgeEvent, { type: "reaction" }>;
export type ReactionsEvent = Extract<BridgeEvent, { type: "reactions" }>;
export type Outcome = FunctionReturnType<typeof api.bridge.ingest>[number];

export type Person = FunctionArgs<typeof api.bridge.report>["people"][number];
export type Problem = FunctionArgs<typeof api.bridge.report>["problems"][number];
export type ChannelUpdate = NonNullable<FunctionArgs<typeof api.bridge.report>["channels"]>[number];
export type Health = FunctionArgs<typeof api.bridge.report>["health"][number];
/** What is wrong with one direction of a mapping, and the step that fixes it. */
export type Trouble = NonNullable<Health["trouble"]>;

/** A file of a message that Convex has stored. */
export interface FileRef {
  readonly mapping: Mapping;
  readonly threadId?: string;
  /** The message's. */
  readonly externalId: string;
  readonly attachment: Attachment & { readonly id: string };
}

/** One claimed delivery: what to post, where, and what is posted already. */
export type Delivery = Extract<
  FunctionReturnType<typeof api.bridge.claim>,
  { status: "claimed" }
>["delivery"];

/** A file that goes along with a post. */
export interface FileAlong {
  readonly file: NonNullable<Delivery["files"]>[number];
  readonly bytes: Buffer<ArrayBuffer>;
}

/**
 * The part of a reply that fits in one message, ready for the platform. `upTo` is the offset in the delivery's content
 * (UTF-16 units) at which it ends. It is stored with the post, so that an interrupted reply resumes at that character,
 * whatever the splitter does by then (docs/races.md#a-long-reply-resumes).
 */
export interface Piece {
  readonly text: string;
  readonly upTo: number;
  /** It begins the message. */
  readonly isFirst?: boolean;
  /** Of the delivery's files, those that go along. What is posted says which others there are. */
  readonly files?: readonly FileAlong[];
}

/**
 * What became of a post whose answer was lost.
 * posted      it is on the platform
 * absent      it is not, as far as the platform shows
 * repeatable  the platform would recognise a second request and not post twice: sending it again gives the answer
 * unsure      the platform's history does not say
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

/** Where in a channel there may be messages after a position. */
export interface ChannelActivity {
  /** `none`: the channel itself takes no messages (a forum). `quiet`: it has none after the position. */
  readonly channel: "none" | "quiet" | "active";
  readonly threads: readonly ThreadRef[];
  /** What can't be read, in words for an admin. */
  readonly missed?: string;
  /** What is wrong with the channel although it can be read, such as that it is archived. */
  readonly trouble?: Trouble;
}

/** Consecutive messages of one channel or thread, oldest first. */
export interface HistoryPage {
  /** Those that are mirrored. */
  readonly events: readonly MessageEvent[];
  /** Ids of all of them. */
  readonly ids: readonly string[];
  /** The reactions of each, also of own posts and also where there are none. */
  readonly reactions?: readonly ReactionsEvent[];
  /** Position of the last one. */
  readonly upTo: string;
}

/**
 * Reads a platform's history. Waits for rate limits and retries short failures by itself. Throws `PlatformError` when
 * that does not help, or when only an admin can. Positions are as in `convex/model/shared/positions.ts`.
 */
export interface History {
  /** How late an event may arrive, in ms. A cursor stays that far behind. */
  readonly eventDelayMs: number;
  /**
   * Where there may be messages after `after`. One request may answer for several mappings, but none made before `asOf`
   * (`performance.now()`): it may lack the newest messages.
   */
  activity(
    mapping: Mapping,
    after: string,
    signal: AbortSignal,
    asOf?: number,
  ): Promise<ChannelActivity>;
  /**
   * Every message after `after`, to the end. Without a thread: the messages of the channel itself. `gone`: the thread was
   * deleted with all its messages. A failure in a thread is no failure of its mapping.
   */
  read(
    mapping: Mapping,
    thread: ThreadRef | undefined,
    after: string,
    signal: AbortSignal,
  ): AsyncIterable<HistoryPage | "gone">;
  /** The channel's newest `count` messages; for a forum, those of its posts. */
  newest(mapping: Mapping, count: number, signal: AbortSignal, asOf?: number): Promise<HistoryPage>;
  /** Whether a message still exists. True if that can't be determined. */
  exists(
    mapping: Mapping,
    threadId: string | undefined,
    externalId: string,
    signal: AbortSignal,
  ): Promise<boolean>;
}

/** Where a platform sends its events and reports. Methods return at once or with a promise; none throws. */
export interface Intake {
  /** The active mapping of a platform channel (for a thread, of its parent). Drop the event if there is none. */
  mappingOf(channelId: string): Mapping | undefined;
  /**
   * Queues an event, synchronously and in call order. Resolves once Convex has committed it, or has stored a problem
   * after every attempt failed. Rejects with `NotTaken` if the queue is full or the process is stopping. Slack events
   * are acknowledged only when it resolves.
   */
  push(event: BridgeEvent): Promise<Outcome>;
  /**
   * Events may have been missed: catches up every mapping, or only `mappingId`. Call it before pushing any event that
   * came after the gap.
   */
  gap(why: string, mappingId?: MappingId): void;
  /** A name that was missing when the message was pushed. Batched, best effort: a lost name is looked up again. */
  person(person: Person): void;
  /** A mapped channel has another name or id now. Batched and retried; resolves once stored, as `problem` does. */
  channel(update: ChannelUpdate): Promise<void>;
  /**
   * Something an admin should see. Batched, and retried until stored. Rejects with `NotTaken` if the process stops
   * before; callers that do not wait need not handle that.
   */
  problem(problem: Problem): Promise<void>;
  /** One direction of a mapping broke, or works again. Batched; repeating the same state costs nothing. */
  health(health: Health): void;
}

/** How often posts may be edited that show an answer while it is being written, in ms between two edits. */
export interface LiveEdits {
  /** In one channel or thread. */
  readonly laneMs: number;
  /** In all of them together; 0 if they share no limit. */
  readonly allMs: number;
}

/** A chat platform, as the core uses it. One instance holds one platform's connections. */
export interface Platform {
  readonly name: PlatformName;
  /** Version of the renderer: other versions may split elsewhere (docs/races.md#a-long-reply-resumes). */
  readonly format: string;
  readonly liveEdits: LiveEdits;
  /**
   * Connects, and resolves once events arrive. Rejects with `FatalError` if only an admin can help (bad token, missing
   * intent). Later failures of that kind go to `onFatal`.
   */
  start(intake: Intake, onFatal: (error: Error) => void): Promise<void>;
  /**
   * Whether this process follows a mapping. Absent: all of them. False where another process of the same bot receives
   * its events.
   */
  readonly follows?: ((mapping: Mapping) => Promise<boolean>) | undefined;
  /** Usable once `start` has resolved. */
  readonly history: History;
  /** Stops taking events. Connections stay open, so that events already taken can still be acknowledged. */
  stopIntake(): void;
  /** Closes every connection. Safe to call twice, and before `start` has resolved. */
  close(): Promise<void>;
  /**
   * Opens a file of a message. Its bytes may end with any error. Throws `PlatformError`, without the file's address in it:
   * who has that may be able to read the file.
   */
  download(file: FileRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Renders canonical Markdown from offset `from` into pieces that fit in a message and leave `room` UTF-16 units of it
   * free. Pure.
   */
  render(content: string, from: number, room?: number): Piece[];
  /**
   * Posts one piece as part `part` of the delivery, and returns the platform's id for it. One attempt, without retries.
   * Throws `PlatformError`; `certain: false` if the platform may have accepted it.
   */
  post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<string>;
  /**
   * Searches for a post that may have been made as part `part` since the delivery's first claim. Never posts. Throws
   * `PlatformError` if it can't search.
   */
  find(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal): Promise<Found>;
  /** Replaces the text of a posted part; its files stay. Throws `PlatformError`. */
  edit(delivery: Delivery, postId: string, piece: Piece, signal: AbortSignal): Promise<void>;
  /** Deletes a posted part. A part that is already deleted is a success. Throws `PlatformError`. */
  remove(delivery: Delivery, postId: string, signal: AbortSignal): Promise<void>;
}
