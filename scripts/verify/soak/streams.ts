import type { Streaming } from "../../stand_ins/openai/streaming.ts";
import type { Random } from "./random.ts";

/** Characters that the AI stand-in sends at once. */
const PIECE = 4;

/**
 * How the AI streams: over one to six seconds, and some attempts break off in the middle. No two in a row do, so that a later
 * attempt ends; one that ends for good does so after people have read its beginning. Otherwise a notice would stand for it.
 */
export function streamedBy(random: Random): (answer: string) => Streaming {
  let wholeSince = 0;
  return (answer) => {
    const ms = random.between(1_000, 6_000);
    const everyMs = (ms * PIECE) / Math.max(answer.length, PIECE);
    wholeSince += 1;
    if (wholeSince < 3 || !random.chance(0.2)) return { everyMs };
    wholeSince = 0;
    const halfway = ms > 4_000 ? random.pick(["destroy", "error"] as const) : "destroy";
    return { everyMs, halfway };
  };
}
