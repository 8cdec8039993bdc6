import type { Infer } from "convex/values";
import { api } from "../../../convex/_generated/api.js";
import type { Doc, Id } from "../../../convex/_generated/dataModel.js";
import type { MessageEvent } from "../../../convex/model/ingest/event_validators.ts";
import type { Platform } from "../../../convex/model/shared/validators.ts";
import type { vClaimed, vSettlement } from "../../../convex/model/outbox/validators.ts";
import { said } from "./events.ts";
import { type Backend, rows, settleDown } from "./backend.ts";

export type Claimed = Infer<typeof vClaimed>;
export type Settlement = Infer<typeof vSettlement>;

/** The calls that an outbox worker makes, by default Discord's, one at a time. */
export class Worker {
  readonly #bridge: Backend[Platform];
  readonly #owner: string;
  readonly #format: string | undefined;

  constructor(backend: Backend, owner = "worker", format?: string, platform: Platform = "discord") {
    this.#bridge = backend[platform];
    this.#owner = owner;
    this.#format = format;
  }

  async ready(): Promise<Id<"deliveries">[]> {
    return await this.#bridge.query(api.bridge.outbox, {});
  }

  /** Claims the delivery, or the only one that is ready; null when it is gone. */
  async claim(deliveryId?: Id<"deliveries">): Promise<Claimed | null> {
    const id = deliveryId ?? (await this.ready())[0];
    if (!id) throw new Error("nothing is ready");
    const claim = await this.#bridge.mutation(api.bridge.claim, {
      deliveryId: id,
      owner: this.#owner,
      ...(this.#format !== undefined && { format: this.#format }),
    });
    return claim.status === "claimed" ? claim.delivery : null;
  }

  /** Like `claim`, but must succeed. */
  async take(deliveryId?: Id<"deliveries">): Promise<Claimed> {
    const claimed = await this.claim(deliveryId);
    if (!claimed) throw new Error("the delivery is gone");
    return claimed;
  }

  async settle(claimed: Claimed, settlement: Settlement): Promise<boolean> {
    const { deliveryId, generation } = claimed;
    const { held } = await this.#bridge.mutation(api.bridge.settle, {
      deliveryId,
      generation,
      settlement,
    });
    return held;
  }

  /** Claims the delivery that is ready and reports it as posted, in one message with the given id. */
  async post(externalId: string, deliveryId?: Id<"deliveries">): Promise<Claimed> {
    const claimed = await this.take(deliveryId);
    await this.settle(claimed, posted(externalId));
    return claimed;
  }
}

export function posted(externalId: string, part = 1, last = true): Settlement {
  return { kind: "posted", post: { part, externalId, upTo: 10 * part }, last, format: "1" };
}

type Retry = Extract<Settlement, { kind: "retry" }>;

export function retry(afterMs: number, certain = true): Retry {
  return { kind: "retry", code: "RATE_LIMITED", reason: "slow down", afterMs, certain };
}

export function failed(more: Partial<Extract<Settlement, { kind: "failed" }>> = {}): Settlement {
  return {
    kind: "failed",
    code: "FORBIDDEN",
    reason: "may not post there",
    certain: true,
    health: false,
    ...more,
  };
}

/** Posts a message in the mapped channel and lets the AI answer. Afterwards the answer is in the outbox. */
export async function exchange(
  backend: Backend,
  mappingId: Id<"mappings">,
  more: Partial<MessageEvent> = {},
): Promise<void> {
  const events = [said(mappingId, more)];
  await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
  await settleDown(backend);
}

export async function deliveryOf(
  backend: Backend,
  deliveryId: Id<"deliveries">,
): Promise<Doc<"deliveries">> {
  const found = (await rows(backend, "deliveries")).find(({ _id }) => _id === deliveryId);
  if (!found) throw new Error("the delivery is gone");
  return found;
}

export async function states(backend: Backend): Promise<string[]> {
  return (await rows(backend, "deliveries")).map(({ state }) => state);
}

/** Adds copies of the only delivery in a state. */
export async function copyDelivery(
  { t }: Backend,
  count: number,
  state: Exclude<Doc<"deliveries">["state"], "leased" | "waiting">,
): Promise<void> {
  await t.run(async (ctx) => {
    const delivery = await ctx.db.query("deliveries").first();
    if (!delivery) throw new Error("no delivery");
    const { _id, _creationTime, ...fields } = delivery;
    const ended = state === "failed" ? { endedAt: 1 } : {};
    for (let n = 0; n < count; n++)
      await ctx.db.insert("deliveries", { ...fields, ...ended, state });
  });
}
