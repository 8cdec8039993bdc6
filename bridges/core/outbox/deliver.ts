import type { Delivery, Piece } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { failureCode } from "../shared/errors.ts";
import { type DeliveryContext, request } from "./request.ts";
import { findLostPost } from "./find_lost_post.ts";

/** Carries out one claimed delivery as far as the lease goes, and settles it. */
export async function deliver(delivery: Delivery, hands: DeliveryContext): Promise<void> {
  switch (delivery.op) {
    case "create":
      await create(delivery, hands);
      return;
    case "edit":
      await edit(delivery, hands);
      return;
    case "delete":
      await remove(delivery, hands);
      return;
  }
}

async function create(delivery: Delivery, hands: DeliveryContext): Promise<void> {
  const { platform } = hands;
  const posts = postsInOrder(delivery);
  const lastPost = posts.at(-1);
  // By offset, not by number: another version of the renderer may have cut elsewhere [C5].
  const pieces = render(delivery, lastPost?.upTo ?? 0, hands);
  if (pieces === undefined) {
    await hands.settle(RENDER_FAILED);
    return;
  }
  if (pieces.length === 0) {
    await hands.settle(
      lastPost
        ? { kind: "posted", post: lastPost, last: true, format: platform.format }
        : NOTHING_TO_POST,
    );
    return;
  }
  let part = (lastPost?.part ?? -1) + 1;
  for (const [index, piece] of pieces.entries()) {
    const last = index === pieces.length - 1;
    // One part at a time is on its way, so only the first that is missing can be of unknown outcome.
    const isUnknown = index === 0 && delivery.outcomeUnknown;
    if (!(await postPiece(delivery, { part, piece, last, isUnknown }, hands))) return;
    part += 1;
  }
}

interface Missing {
  readonly part: number;
  readonly piece: Piece;
  /** Whether it ends the delivery. */
  readonly last: boolean;
  /** Somebody may have posted it. */
  readonly isUnknown: boolean;
}

/** Whether to go on. Settles either way. */
async function postPiece(
  delivery: Delivery,
  { part, piece, last, isUnknown }: Missing,
  hands: DeliveryContext,
): Promise<boolean> {
  const { platform } = hands;
  const known = isUnknown ? await findLostPost(delivery, part, piece, hands) : "send";
  if (known === "ended") return false;
  const externalId =
    known === "send"
      ? await request(delivery, hands, (signal) => platform.post(delivery, part, piece, signal))
      : known.externalId;
  if (externalId === undefined) return false;
  const post = { part, externalId, upTo: piece.upTo };
  return hands.settle({ kind: "posted", post, last, format: platform.format });
}

/** Brings the pieces that stand there to the new text: replaced one by one, the rest added or taken down. */
async function edit(delivery: Delivery, hands: DeliveryContext): Promise<void> {
  const { platform } = hands;
  const posts = postsInOrder(delivery);
  const pieces = render(delivery, 0, hands);
  if (pieces === undefined) {
    await hands.settle(RENDER_FAILED);
    return;
  }
  for (const [index, piece] of pieces.entries()) {
    const post = posts[index];
    if (!post) {
      const part = (posts.at(-1)?.part ?? -1) + 1 + index - posts.length;
      const isUnknown = index === posts.length && delivery.outcomeUnknown;
      if (!(await postPiece(delivery, { part, piece, last: false, isUnknown }, hands))) return;
    } else if (
      !(await carried(delivery, hands, (signal) =>
        platform.edit(delivery, post.externalId, piece, signal),
      ))
    ) {
      return;
    }
  }
  for (const post of posts.slice(pieces.length)) {
    if (!(await takenDown(delivery, post.externalId, hands))) return;
  }
  await hands.settle({ kind: "done" });
}

async function remove(delivery: Delivery, hands: DeliveryContext): Promise<void> {
  for (const post of postsInOrder(delivery)) {
    if (!(await takenDown(delivery, post.externalId, hands))) return;
  }
  await hands.settle({ kind: "done" });
}

function takenDown(delivery: Delivery, postId: string, hands: DeliveryContext): Promise<boolean> {
  return carried(delivery, hands, (signal) => hands.platform.remove(delivery, postId, signal));
}

async function carried(
  delivery: Delivery,
  hands: DeliveryContext,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const done = await request(delivery, hands, async (signal) => {
    await act(signal);
    return true;
  });
  return done ?? false;
}

function render(
  delivery: Delivery,
  from: number,
  { platform, log }: DeliveryContext,
): Piece[] | undefined {
  try {
    return platform.render(delivery.content, from);
  } catch (error) {
    const { mappingId, deliveryId } = delivery;
    log.error({ mappingId, deliveryId, code: failureCode(error) }, "a reply could not be cut");
    return undefined;
  }
}

function postsInOrder(delivery: Delivery): Delivery["posts"] {
  return delivery.posts.toSorted((a, b) => a.part - b.part);
}

const RENDER_FAILED: Settlement = {
  kind: "failed",
  code: "RENDER_FAILED",
  reason: "the text could not be cut into the platform's form",
  certain: true,
  health: false,
};

const NOTHING_TO_POST: Settlement = {
  kind: "failed",
  code: "EMPTY",
  reason: "there is no text to post",
  certain: true,
  health: false,
};
