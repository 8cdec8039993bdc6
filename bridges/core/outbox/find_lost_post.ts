import type { Delivery, Found, Piece } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { type Failure, type DeliveryContext, request } from "./request.ts";

/** Looks before a piece counts as absent: what was accepted late may show late. */
const LOOKS = 2;

const LOOK_STEP =
  "Look into the channel; if it isn't there: npm run channels -- retry <the delivery>";

/**
 * Finds out about a piece that somebody may have posted before. `send`: it isn't there, or sending it again can't double
 * it. `ended`: the delivery is settled, or no longer ours. Comes after the quarantine, so whatever was still on the wire
 * has landed or died [C1].
 */
export async function findLostPost(
  delivery: Delivery,
  part: number,
  piece: Piece,
  hands: DeliveryContext,
): Promise<Extract<Found, { status: "posted" }> | "send" | "ended"> {
  const { platform } = hands;
  if (delivery.format !== undefined && delivery.format !== platform.format) {
    await hands.settle(OTHER_FORMAT);
    return "ended";
  }
  for (let look = 1; look <= LOOKS; look += 1) {
    if (look > 1) await hands.pause(hands.lookAgainMs);
    const find = (signal: AbortSignal) => platform.find(delivery, part, piece, signal);
    const found = await request(delivery, hands, find, blind);
    if (found === undefined) return "ended";
    switch (found.status) {
      case "posted":
        return found;
      case "repeatable":
        return "send";
      case "unsure":
        await hands.settle(failed(found.reason));
        return "ended";
      case "absent":
        break;
    }
  }
  if (await hands.settle({ kind: "verify", part })) return "send";
  // Whoever was given up has told of it after all: claimed again, the delivery goes on behind that part.
  await hands.settle({ kind: "release" });
  return "ended";
}

/** A look that failed leaves unknown what it was to find out. */
function blind(failure: Failure): Failure {
  if (failure.kind === "retry") return { ...failure, certain: false };
  const reason = `it may or may not stand there, and the bridge can't look: ${failure.reason}`;
  return { ...failure, reason, certain: false };
}

function failed(reason: string): Settlement {
  return {
    kind: "failed",
    code: "OUTCOME_UNKNOWN",
    reason: `it may or may not stand there: ${reason}`,
    step: LOOK_STEP,
    certain: false,
    health: false,
  };
}

const OTHER_FORMAT = failed("another version of the bridge was posting it and cut it elsewhere");
