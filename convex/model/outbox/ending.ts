import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { dropFrozenText } from "../rows/frozen_texts.ts";
import { cancelJob } from "../shared/jobs.ts";
import { headState, startLane } from "./lanes.ts";
import { openThreadsElsewhere } from "./places/pending_places.ts";
import { editFurther } from "./streamed_edits.ts";

/** Fields of a delivery none of whose posts has an unknown outcome. */
export const OUTCOME_KNOWN = { outcomeUnknown: undefined, unknownUntil: undefined } as const;

type Ending =
  | { readonly state: "sent" }
  | { readonly state: "cancelled"; readonly reason: string }
  | {
      readonly state: "failed";
      readonly code: string;
      readonly reason: string;
      readonly step?: string;
      readonly outcomeUnknown?: true;
      readonly unknownUntil?: number;
    };

/** Ends a delivery and makes the next one in its lane ready. */
export async function endDelivery(ctx: MutationCtx, delivery: Doc<"deliveries">, ending: Ending) {
  await cancelJob(ctx, delivery.timerId);
  // The caller may have read it before another one's end made it ready.
  const wasQueued =
    delivery.state === "queued" &&
    (await ctx.db.get("deliveries", delivery._id))?.state === "queued";
  await ctx.db.patch("deliveries", delivery._id, {
    code: undefined,
    reason: undefined,
    step: undefined,
    ...ending,
    endedAt: Date.now(),
    lease: undefined,
    notBefore: undefined,
    timerId: undefined,
    ...(ending.state === "sent" && OUTCOME_KNOWN),
  });
  // A part that may be posted is looked for by this text when the delivery is retried; what was deleted is not kept.
  const isSaid = !("outcomeUnknown" in ending) || (await isDeleted(ctx, delivery));
  const frozen = isSaid ? await dropFrozenText(ctx, delivery._id) : null;
  if (ending.state === "sent" && frozen?.streamed)
    await editFurther(ctx, delivery, frozen.said.content);
  if (delivery.op === "create" && ending.state !== "sent")
    await openThreadsElsewhere(ctx, delivery);
  // Another is under way then, maybe behind older ones that came from a pending place.
  if (!wasQueued) await startLane(ctx, delivery.conversationId);
}

async function isDeleted(ctx: MutationCtx, { messageId }: Doc<"deliveries">): Promise<boolean> {
  return (await ctx.db.get("messages", messageId))?.deletedAt !== undefined;
}

/** Makes a row that is not held by anyone available, or holds it while its mapping is paused. */
export async function makeReady(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<void> {
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  if (!mapping || mapping.state === "unmapped") {
    await endDelivery(ctx, delivery, { state: "cancelled", reason: "the channel was unmapped" });
    return;
  }
  await ctx.db.patch("deliveries", delivery._id, {
    state: headState(mapping),
    attempts: delivery.attempts,
    lease: undefined,
    notBefore: undefined,
    timerId: undefined,
  });
}
