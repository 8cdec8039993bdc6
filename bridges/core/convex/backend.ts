import type { ConvexClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import type { Logger } from "pino";
import { api } from "../../../convex/_generated/api.js";
import type { BridgeEvent, Delivery, Mapping, Outcome } from "../../platform.ts";
import { type Backoff, backoffMs } from "../shared/backoff.ts";
import { failureCode } from "../shared/errors.ts";

export type DeliveryId = Delivery["deliveryId"];
export type Claim = FunctionReturnType<typeof api.bridge.claim>;
export type Settlement = FunctionArgs<typeof api.bridge.settle>["settlement"];
export type Advance = FunctionArgs<typeof api.bridge.ingest>["advance"][number];
export type Cursor = FunctionReturnType<typeof api.bridge.cursors>[number];
export type SnapshotQuery = FunctionArgs<typeof api.bridge.standing>;
export type Snapshot = FunctionReturnType<typeof api.bridge.standing>;
export type Report = FunctionArgs<typeof api.bridge.report>;

/*
 * What the core asks of Convex. A call's promise stays pending while the deployment is away and is replayed by
 * the client afterwards, so a rejection means that the deployment answered.
 */

export interface IngestBackend {
  /** Calls back with the active mappings, at once and whenever an admin changes them. */
  watchMappings(onMappings: (mappings: Mapping[]) => void): () => void;
  ingest(events: BridgeEvent[], advance: Advance[]): Promise<Outcome[]>;
  cursors(): Promise<Cursor[]>;
  standing(question: SnapshotQuery): Promise<Snapshot>;
  report(report: Report): Promise<void>;
}

export interface OutboxBackend {
  /** Calls back with the deliveries that may be claimed now. */
  watchOutbox(onReady: (ids: DeliveryId[]) => void): () => void;
  /** `format`: the version of this process's renderer [C5]. */
  claim(deliveryId: DeliveryId, owner: string, format: string): Promise<Claim>;
  settle(
    deliveryId: DeliveryId,
    generation: number,
    settlement: Settlement,
  ): Promise<{ held: boolean }>;
}

export function ingestBackend(client: ConvexClient, log: Logger): IngestBackend {
  return {
    watchMappings: (onMappings) => watch(client, api.bridge.mappings, onMappings, log),
    ingest: (events, advance) => client.mutation(api.bridge.ingest, { events, advance }),
    cursors: () => client.query(api.bridge.cursors, {}),
    standing: (question) => client.query(api.bridge.standing, question),
    report: async (report) => {
      await client.mutation(api.bridge.report, report);
    },
  };
}

export function outboxBackend(client: ConvexClient, log: Logger): OutboxBackend {
  return {
    watchOutbox: (onReady) => watch(client, api.bridge.outbox, onReady, log),
    claim: (deliveryId, owner, format) =>
      client.mutation(api.bridge.claim, { deliveryId, owner, format }),
    settle: (deliveryId, generation, settlement) =>
      client.mutation(api.bridge.settle, { deliveryId, generation, settlement }),
  };
}

const WATCH_BACKOFF: Backoff = { first: 1_000, cap: 60_000 };

type ArglessQuery<Value> = FunctionReference<"query", "public", Record<string, never>, Value>;

/**
 * Subscribes, and subscribes anew after an error: Convex keeps a failed query's error until its inputs change,
 * which may be never. Callbacks run inside the client's socket handler, where a throw would skip the other
 * listeners and end the process, so none gets out.
 */
function watch<Value>(
  client: ConvexClient,
  query: ArglessQuery<Value>,
  onValue: (value: Value) => void,
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
      {},
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
        log.error({ code: failureCode(error), failures }, "Convex refuses a subscription");
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
