import type { Delivery } from "../../platform.ts";
import { keepNewest } from "../shared/keep_newest.ts";

/** Lanes whose posts are remembered. */
const MOST_LANES = 100;

interface Last {
  readonly deliveryId: Delivery["deliveryId"];
  readonly generation: number;
  readonly shown: Map<string, string>;
}

/**
 * What the posts of growing answers show, by lane, as long as no other process can have edited them: a long answer has many
 * posts, of which each edit changes one or two.
 */
export class ShownPosts {
  readonly #lanes = new Map<Delivery["conversationId"], Last>();

  /** What is known when a delivery is claimed. `isNext`: by the report that ended the one before it in its lane. */
  of({ conversationId, deliveryId, generation }: Delivery, isNext: boolean): Map<string, string> {
    const last = this.#lanes.get(conversationId);
    const isSame = last?.deliveryId === deliveryId && last.generation + 1 === generation;
    const shown = last && (isNext || isSame) ? last.shown : new Map<string, string>();
    keepNewest(this.#lanes, conversationId, { deliveryId, generation, shown }, MOST_LANES);
    return shown;
  }
}
