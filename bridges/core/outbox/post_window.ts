import type { Delivery } from "../../platform.ts";

/** Margins around the time in which a lost post may have been made, in ms: clocks differ, and platforms may be slow. */
const BEFORE_MS = 60_000;
const AFTER_MS = 120_000;

/** When a part of unknown outcome may have been posted, in ms since 1970. */
export function postWindow({ firstClaimedAt, ageMs, unknownUntil }: Delivery): {
  readonly from: number;
  readonly to: number;
} {
  return {
    from: firstClaimedAt - BEFORE_MS,
    to: (unknownUntil ?? firstClaimedAt + ageMs) + AFTER_MS,
  };
}
