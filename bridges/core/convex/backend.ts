import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import type { Logger } from "pino";
import { api } from "../../../convex/_generated/api.js";
import type { BridgeEvent, Delivery, Mapping, Outcome } from "../../platform.ts";
import { type Backoff, backoffMs } from "../shared/backoff.ts";
import { failureCode } from "../shared/errors.ts";
import { CallBatcher } from "./call_batcher.ts";
import type { ConvexCalls } from "./well_formed.ts";

export type DeliveryId = Delivery["deliveryId"];
export type Claim = FunctionReturnType<typeof api.bridge.claim>;
/** The latest time in which AI answers failed. */
export type AiHealth = NonNullable<Settled["ai"]>;
type Settled = FunctionReturnType<typeof api.bridge.settle>;
type Claimer = NonNullable<FunctionArgs<typeof api.bridge.settle>["next"]>;
export type Settlement = FunctionArgs<typeof api.bridge.settle>["settlement"];
/** What is written so far of an answer; null once it does not grow any more. */
export type Draft = FunctionReturnType<typeof api.bridge.draft>;
export type Advance = FunctionArgs<typeof api.bridge.ingest>["advance"][number];
export type Cursor = FunctionReturnType<typeof api.bridge.cursors>[number];
export type Snapshot = FunctionReturnType<typeof api.bridge.standing>;
export type Report = FunctionArgs<typeof api.bridge.report>;

/*
 * The core's calls to Convex. While the deployment is unreachable a call stays pending, and the client replays it
 * afterwards. A rejection therefore means that the deployment answered.
 */

/** The calls that store events and reports. */
export interface IngestBackend {
  /** Calls back with the active mappings, now and after each change. Returns a function that unsubscribes. */
  watchMappings(onMappings: (mappings: Mapping[]) => void): () => void;
  /** Stores events in order and moves cursors, in one mutation. Returns one outcome for each event. */
  ingest(events: BridgeEvent[], advance: Advance[]): Promise<Outcome[]>;
  /** The cursors of all active mappings. */
  cursors(): Promise<Cursor[]>;
  /** What Convex has stored of a mapping, to compare with the platform. */
  snapshot(query: FunctionArgs<typeof api.bridge.standing>): Promise<Snapshot>;
  report(report: Report): Promise<void>;
}

type DraftId = FunctionArgs<typeof api.bridge.draft>["draftId"];

/** The calls that claim and settle deliveries. */
export interface OutboxBackend {
  /** Calls back with the deliveries that may be claimed now. Returns a function that unsubscribes. */
  watchOutbox(onReady: (ids: DeliveryId[]) => void): () => void;
  /** Calls back with what is written so far, now and after each change. Returns a function that unsubscribes. */
  watchDraft(draftId: DraftId, onDraft: (draft: Draft) => void): () => void;
  /** `format`: the version of this process's renderer (docs/races.md#a-long-reply-resumes). */
  claim(deliveryId: DeliveryId, owner: string, format: string): Promise<Claim>;
  /**
   * `held`: whether the claim of this `generation` still holds the delivery. `next`: who claims the next delivery of its
   * lane if this one has ended, and that delivery. `ai`: the latest time in which AI answers failed; absent if none has.
   */
  settle(
    deliveryId: DeliveryId,
    generation: number,
    settlement: Settlement,
    next?: Claimer,
  ): Promise<Settled>;
}

/** Ingest calls over one Convex connection. */
export function ingestBackend(client: ConvexCalls, log: Logger): IngestBackend {
  return {
    watchMappings: (onMappings) => watch(client, api.bridge.mappings, {}, onMappings, log),
    ingest: (events, advance) => client.mutation(api.bridge.ingest, { events, advance }),
    cursors: () => client.query(api.bridge.cursors, {}),
    snapshot: (query) => client.query(api.bridge.standing, query),
    report: async (report) => {
      await client.mutation(api.bridge.report, report);
    },
  };
}

/** Outbox calls over one Convex connection. */
export function outboxBackend(client: ConvexCalls, log: Logger): OutboxBackend {
  const calls = new CallBatcher<OutboxCall, OutboxAnswer>(
    (call) => callOne(client, call),
    (several) => client.mutation(api.bridge.exchange, { calls: [...several] }),
  );
  return {
    watchOutbox: (onReady) => watch(client, api.bridge.outbox, {}, onReady, log),
    watchDraft: (draftId, onDraft) => watch(client, api.bridge.draft, { draftId }, onDraft, log),
    claim: async (deliveryId, owner, format) => {
      const { kind, answer } = await calls.send({
        kind: "claim",
        args: { deliveryId, owner, format },
      });
      if (kind !== "claim") throw new Error("a claim got another call's answer");
      return answer;
    },
    settle: async (deliveryId, generation, settlement, next) => {
      const args = { deliveryId, generation, settlement, ...(next && { next }) };
      const { kind, answer } = await calls.send({ kind: "settle", args });
      if (kind !== "settle") throw new Error("a report got another call's answer");
      return answer;
    },
  };
}

type OutboxCall = FunctionArgs<typeof api.bridge.exchange>["calls"][number];
type OutboxAnswer = FunctionReturnType<typeof api.bridge.exchange>[number];

async function callOne(client: ConvexCalls, call: OutboxCall): Promise<OutboxAnswer> {
  return call.kind === "claim"
    ? { kind: "claim", answer: await client.mutation(api.bridge.claim, call.args) }
    : { kind: "settle", answer: await client.mutation(api.bridge.settle, call.args) };
}

const WATCH_BACKOFF: Backoff = { first: 1_000, cap: 60_000 };

/**
 * Subscribes, and again after an error: Convex keeps a failed query's error until its inputs change, which may be never.
 * Catches what `onValue` throws: it runs in the client's socket handler, where a throw would end the process.
 */
function watch<Query extends FunctionReference<"query">>(
  client: ConvexCalls,
  query: Query,
  args: FunctionArgs<Query>,
  onValue: (value: FunctionReturnType<Query>) => void,
  log: Logger,
): () => void {
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe = () => {};
  let stopped = false;

  const subscribe = () => {
    if (stopped) return;
    unsubscribe = client.onUpdate(
      query,
      args,
      (value) => {
        failures = 0;
        try {
          onValue(value);
        } catch (error) {
          log.error({ err: error }, "a subscription's listener failed");
        }
      },
      (error) => {
        failures += 1;
        log.error({ code: failureCode(error), failures }, "a subscription failed");
        unsubscribe();
        clearTimeout(timer);
        timer = setTimeout(subscribe, backoffMs(failures, WATCH_BACKOFF));
      },
    );
  };
  subscribe();

  return () => {
    stopped = true;
    clearTimeout(timer);
    unsubscribe();
  };
}
