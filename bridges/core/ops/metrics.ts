import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { PlatformName } from "../../platform.ts";
import type { AiState } from "./ai_watch.ts";
import type { IngestBackend, OutboxBackend } from "../convex/backend.ts";

/**
 * Metrics of one process, for Prometheus. Labels are platform names and kinds of outcome only, never ids: the number of
 * series does not grow with channels or people.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #events = this.#counter("bridge_events_total", "Events sent to Convex, by outcome.", [
    "platform",
    "outcome",
  ]);
  readonly #refusedBatches = this.#counter(
    "bridge_ingest_failures_total",
    "Failed calls to store events.",
    ["platform"],
  );
  readonly #overloads = this.#counter(
    "bridge_convex_overloads_total",
    "Connections that Convex closed for contention or overload.",
    ["platform"],
  );
  readonly #dropped = this.#counter(
    "bridge_dropped_total",
    "Reports and settlements that Convex refused until they were dropped.",
    ["platform", "what"],
  );
  readonly #crashes = this.#counter(
    "bridge_platform_crashes_total",
    "Errors that a platform's library threw in its own handlers.",
    ["platform"],
  );
  readonly #ingestSeconds = new Histogram({
    name: "bridge_ingest_seconds",
    help: "Duration of storing a batch.",
    labelNames: ["platform"],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [this.registry],
  });
  readonly #storing = this.#gauge("bridge_events_storing", "Events being stored now.");
  readonly #deliveries = this.#counter(
    "bridge_settlements_total",
    "Settlements of claimed replies, by kind (posted, retry, failed, …).",
    ["platform", "kind"],
  );
  readonly #ready = this.#gauge("bridge_outbox_ready", "Replies waiting to be claimed.");
  readonly #mappings = this.#gauge("bridge_mappings", "Active mapped channels.");
  readonly #aiFailing = this.#gauge(
    "bridge_ai_failing",
    "1 while AI answers fail, as far as this process knows.",
  );
  readonly #aiFailures = this.#gauge(
    "bridge_ai_failures",
    "Failed AI answers in the latest time in which they failed.",
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Convex closed a connection for contention or overload. */
  overload(platform: PlatformName): void {
    this.#overloads.inc({ platform });
  }

  /** Convex refused something until it was dropped. */
  dropped(platform: PlatformName, what: "report" | "settlement"): void {
    this.#dropped.inc({ platform, what });
  }

  /** Whether AI answers fail, and how many have. */
  ai({ failing, failures }: AiState): void {
    this.#aiFailing.set(Number(failing));
    this.#aiFailures.set(failures);
  }

  /** A platform's library threw where nothing catches it. */
  crash(platform: PlatformName): void {
    this.#crashes.inc({ platform });
  }

  /** Wraps a backend to count its calls. */
  ingest(platform: PlatformName, backend: IngestBackend): IngestBackend {
    return {
      ...backend,
      watchMappings: (onMappings) =>
        backend.watchMappings((mappings) => {
          this.#mappings.set({ platform }, mappings.length);
          onMappings(mappings);
        }),
      ingest: async (events, advance) => {
        const end = this.#ingestSeconds.startTimer({ platform });
        this.#storing.inc({ platform }, events.length);
        try {
          const outcomes = await backend.ingest(events, advance);
          for (const outcome of outcomes) {
            this.#events.inc({ platform, outcome });
          }
          return outcomes;
        } catch (error) {
          this.#refusedBatches.inc({ platform });
          throw error;
        } finally {
          this.#storing.dec({ platform }, events.length);
          end();
        }
      },
    };
  }

  /** Wraps a backend to count its calls. */
  outbox(platform: PlatformName, backend: OutboxBackend): OutboxBackend {
    return {
      ...backend,
      watchOutbox: (onReady) =>
        backend.watchOutbox((ids) => {
          this.#ready.set({ platform }, ids.length);
          onReady(ids);
        }),
      settle: async (deliveryId, generation, settlement, next) => {
        const answer = await backend.settle(deliveryId, generation, settlement, next);
        this.#deliveries.inc({ platform, kind: settlement.kind });
        return answer;
      },
    };
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge(name: string, help: string): Gauge<"platform"> {
    return new Gauge({ name, help, labelNames: ["platform"], registers: [this.registry] });
  }
}
