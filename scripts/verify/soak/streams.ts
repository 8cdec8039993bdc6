import type { Streaming } from "../../stand_ins/openai/streaming.ts";
import type { Random } from "./random.ts";

/** Characters that the AI stand-in sends at once. */
const PIECE = 4;

/** Characters that tell the answers to one question from others: it quotes who asked what. */
const SAME = 24;

/**
 * How the AI streams: over one to six seconds, and some attempts break off in the middle. No answer does so twice: with a
 * fault of the service between, a notice would stand for it. One that ends for good does so after people have read its
 * beginning, for the same reason.
 */
export function streamedBy(random: Random): (answer: string) => Streaming {
  const broken = new Set<string>();
  return (answer) => {
    const ms = random.between(1_000, 6_000);
    const everyMs = (ms * PIECE) / Math.max(answer.length, PIECE);
    const question = answer.slice(0, SAME);
    if (broken.has(question) || !random.chance(0.1)) return { everyMs };
    broken.add(question);
    const halfway = ms > 4_000 ? random.pick(["destroy", "error"] as const) : "destroy";
    return { everyMs, halfway };
  };
}
