import type { Piece } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { type Answer, type DeliveryContext, request } from "./request.ts";

/** Searches before a part counts as absent: a post that was accepted late may become visible late. */
const LOOKS = 2;

/**
 * Finds out what became of a part that an earlier claim may have posted. Returns the id of its post, or undefined if it
 * may be sent: it is not there, or the platform would recognise a second one. Runs after the quarantine, so a request
 * of the earlier holder has arrived or died (docs/races.md#a-lease-expires-during-a-post).
 */
export async function findLostPost(
  part: number,
  piece: Piece,
  context: DeliveryContext,
): Promise<Answer<string | undefined>> {
  const { delivery, platform } = context;
  if (delivery.format !== undefined && delivery.format !== platform.format) {
    return unknown("another version of the bridge was posting it and split it elsewhere");
  }
  for (let look = 1; look <= LOOKS; look += 1) {
    if (look > 1) await context.pause(context.lookAgainMs);
    const answer = await request(context, (signal) => platform.find(delivery, part, piece, signal));
    if (!answer.ok) return { ok: false, settlement: keptUnknown(answer.settlement) };
    const found = answer.value;
    switch (found.status) {
      case "posted":
        return { ok: true, value: found.externalId };
      case "repeatable":
        return { ok: true, value: undefined };
      case "unsure":
        return unknown(found.reason);
      case "absent":
        break;
    }
  }
  if (await context.settle({ kind: "verify", part })) return { ok: true, value: undefined };
  // The earlier holder has reported its post after all: the next claim continues behind that part.
  return { ok: false, settlement: { kind: "release" } };
}

/**
 * Looks once for the post of a late delivery (docs/races.md#a-backup-is-restored). Where the platform does not say, it
 * counts as absent: nearly every late delivery has only waited out an outage.
 */
export async function findEarlierPost(
  part: number,
  piece: Piece,
  context: DeliveryContext,
): Promise<Answer<string | undefined>> {
  const { delivery, platform } = context;
  const answer = await request(context, (signal) => platform.find(delivery, part, piece, signal));
  const isFound = answer.ok && answer.value.status === "posted";
  return { ok: true, value: isFound ? answer.value.externalId : undefined };
}

/** A search that failed leaves the outcome as unknown as it was. */
function keptUnknown(settlement: Settlement): Settlement {
  if (settlement.kind === "retry") return { ...settlement, certain: false };
  if (settlement.kind !== "failed") return settlement;
  const reason = `it may or may not be posted, and the bridge can't look: ${settlement.reason}`;
  return { ...settlement, reason, certain: false };
}

function unknown(reason: string): Answer<never> {
  return {
    ok: false,
    settlement: {
      kind: "failed",
      code: "OUTCOME_UNKNOWN",
      reason: `it may or may not be posted: ${reason}`,
      step: "Look in the channel; if it isn't there: npm run channels -- retry <the delivery>",
      certain: false,
      health: false,
    },
  };
}
