import type { Piece } from "../../platform.ts";
import { headerRoom } from "./header.ts";
import type { DeliveryContext } from "./request.ts";

/**
 * What is posted of a text from an offset on, with room for what stands before and below the first piece. Throws what the
 * platform's renderer throws.
 */
export function renderPieces(
  { delivery, platform }: Pick<DeliveryContext, "delivery" | "platform">,
  content: string,
  from = 0,
): Piece[] {
  const pieces = platform.render(content, from, headerRoom(delivery));
  const [first, ...rest] = pieces;
  return first && from === 0 ? [{ ...first, isFirst: true }, ...rest] : pieces;
}
