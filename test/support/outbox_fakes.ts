import { pino } from "pino";
import type {
  Claim,
  DeliveryId,
  Draft,
  OutboxBackend,
  Settlement,
} from "../../bridges/core/convex/backend.ts";
import { type OutboxLimits, OutboxWorker } from "../../bridges/core/outbox/worker.ts";
import { NO_HISTORY } from "./no_history.ts";
import type { Delivery, Found, Piece, Platform } from "../../bridges/platform.ts";

/* Fakes for both sides of the outbox worker: the Convex outbox, and the platform it posts to. */

const log = pino({ level: "silent" });
const FAST: Partial<OutboxLimits> = { retry: { first: 1, cap: 4 }, lookAgainMs: 5 };

/** An outbox in memory: ids that are ready, and a record of claims and settlements. */
class FakeOutbox implements OutboxBackend {
  readonly deliveries = new Map<DeliveryId, Delivery>();
  readonly settled: { id: DeliveryId; generation: number; settlement: Settlement }[] = [];
  readonly claims: DeliveryId[] = [];
  listener: (ids: DeliveryId[]) => void = () => undefined;
  ready: DeliveryId[] = [];
  onClaim: (id: DeliveryId) => Promise<void> = () => Promise.resolve();
  /** Whether the worker still holds what it settles. */
  holds: (settlement: Settlement) => boolean = (settlement) =>
    !(settlement.kind === "posted" && settlement.last);
  onSettle: (settlement: Settlement) => Promise<void> = () => Promise.resolve();

  watchOutbox(onReady: (ids: DeliveryId[]) => void): () => void {
    this.listener = onReady;
    onReady([...this.ready]);
    return () => {
      this.listener = () => undefined;
    };
  }

  /** Who follows a draft. */
  onDraft: ((draft: Draft) => void) | undefined;

  watchDraft(_draftId: unknown, onDraft: (draft: Draft) => void): () => void {
    this.onDraft = onDraft;
    return () => {
      this.onDraft = undefined;
    };
  }

  async claim(id: DeliveryId): Promise<Claim> {
    this.claims.push(id);
    await this.onClaim(id);
    if (!this.ready.includes(id)) return { status: "gone" };
    this.#update(this.ready.filter((other) => other !== id));
    const delivery = this.deliveries.get(id);
    return delivery ? { status: "claimed", delivery } : { status: "gone" };
  }

  /** Deliveries queued behind the ready ones, in one lane. */
  readonly queued: Delivery[] = [];

  async settle(id: DeliveryId, generation: number, settlement: Settlement, claimer?: unknown) {
    await this.onSettle(settlement);
    this.settled.push({ id, generation, settlement });
    const isLast = settlement.kind === "done" || (settlement.kind === "posted" && settlement.last);
    const next = claimer !== undefined && isLast ? this.queued.shift() : undefined;
    return { held: this.holds(settlement), ...(next && { next }) };
  }

  add(...deliveries: Delivery[]): void {
    for (const delivery of deliveries) this.deliveries.set(delivery.deliveryId, delivery);
    this.#update([...this.ready, ...deliveries.map(({ deliveryId }) => deliveryId)]);
  }

  kinds(): string[] {
    return this.settled.map(({ settlement }) => settlement.kind);
  }

  #update(ids: DeliveryId[]): void {
    this.ready = ids;
    this.listener([...ids]);
  }
}

/** Splits at full stops, and records every request. */
export class FakePlatform implements Platform {
  readonly name = "discord";
  readonly format = "fake 1";
  readonly history = NO_HISTORY;
  liveEdits = { laneMs: 20, allMs: 0 };
  readonly did: string[] = [];
  onPost: (delivery: Delivery, part: number, signal: AbortSignal) => Promise<void> = () =>
    Promise.resolve();

  start = () => Promise.resolve();
  stopIntake = () => undefined;
  close = () => Promise.resolve();
  download = () => Promise.reject(new Error("no files here"));

  render(content: string, from: number): Piece[] {
    const pieces: Piece[] = [];
    let upTo = from;
    for (const sentence of content.slice(from).match(/[^.]+\./g) ?? []) {
      upTo += sentence.length;
      pieces.push({ text: sentence.trim(), upTo });
    }
    return pieces;
  }

  async post(delivery: Delivery, part: number, piece: Piece, signal: AbortSignal) {
    await this.onPost(delivery, part, signal);
    this.did.push(`${delivery.deliveryId} ${String(part)} ${piece.text}`);
    return `post-${String(part)}`;
  }

  onFind: () => Promise<Found> = () => Promise.resolve({ status: "absent" });

  async find(delivery: Delivery, part: number): Promise<Found> {
    this.did.push(`find ${delivery.deliveryId} ${String(part)}`);
    return this.onFind();
  }

  onEdit: (postId: string, piece: Piece) => Promise<void> = () => Promise.resolve();

  edit(_: Delivery, postId: string, piece: Piece): Promise<void> {
    this.did.push(`edit ${postId} ${piece.text}`);
    return this.onEdit(postId, piece);
  }

  remove(_: Delivery, postId: string): Promise<void> {
    this.did.push(`remove ${postId}`);
    return Promise.resolve();
  }
}

const workers: OutboxWorker[] = [];

export async function stopWorkers(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.stop(0)));
}

export function startWorker(limits: Partial<OutboxLimits> = {}, onDropped = () => {}) {
  const outbox = new FakeOutbox();
  const platform = new FakePlatform();
  const worker = new OutboxWorker(outbox, platform, log, {
    limits: { ...FAST, ...limits },
    onDropped,
  });
  workers.push(worker);
  worker.start();
  return { outbox, platform, worker };
}
