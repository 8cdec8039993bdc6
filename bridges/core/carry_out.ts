import type { Logger } from "pino";
import type { Delivery, Piece, Platform } from "../platform.ts";
import type { Settlement } from "./backend.ts";
import { type Backoff, backoffMs, pause } from "./backoff.ts";
import { failureCode, PlatformError } from "./errors.ts";

/** Between tries at a delivery that the platform refuses for a while. */
const RETRY: Backoff = { first: 1_000, cap: 5 * 60_000 };

/** How long after its deadline a request may still take to give up, in ms. */
const ABORT_GRACE_MS = 500;

export interface Hands {
  readonly platform: Platform;
  /** How long one request may take, in ms. */
  readonly postMs: number;
  /** Whether a request that starts now ends within the lease, and the process isn't stopping. */
  mayStart(): boolean;
  /** Tells Convex; whether the delivery is still ours. */
  settle(settlement: Settlement): Promise<boolean>;
  readonly log: Logger;
}

/** Carries out one claimed delivery as far as the lease goes, and settles it. */
export async function carryOut(delivery: Delivery, hands: Hands): Promise<void> {
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

async function create(delivery: Delivery, hands: Hands): Promise<void> {
  if (delivery.outcomeUnknown) {
    // Somebody's request may have landed. Until it can be looked for, a person decides.
    await hands.settle(UNKNOWN_OUTCOME);
    return;
  }
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
    if (!(await postPiece(delivery, part, piece, last, hands))) return;
    part += 1;
  }
}

/** Whether to go on. Settles either way. */
async function postPiece(
  delivery: Delivery,
  part: number,
  piece: Piece,
  last: boolean,
  hands: Hands,
): Promise<boolean> {
  const { platform } = hands;
  const externalId = await request(delivery, hands, (signal) =>
    platform.post(delivery, part, piece, signal),
  );
  if (externalId === undefined) return false;
  const post = { part, externalId, upTo: piece.upTo };
  return hands.settle({ kind: "posted", post, last, format: platform.format });
}

/** Brings the pieces that stand there to the new text: replaced one by one, the rest added or taken down. */
async function edit(delivery: Delivery, hands: Hands): Promise<void> {
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
      if (!(await postPiece(delivery, part, piece, false, hands))) return;
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

async function remove(delivery: Delivery, hands: Hands): Promise<void> {
  for (const post of postsInOrder(delivery)) {
    if (!(await takenDown(delivery, post.externalId, hands))) return;
  }
  await hands.settle({ kind: "done" });
}

function takenDown(delivery: Delivery, postId: string, hands: Hands): Promise<boolean> {
  return carried(delivery, hands, (signal) => hands.platform.remove(delivery, postId, signal));
}

async function carried(
  delivery: Delivery,
  hands: Hands,
  act: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const done = await request(delivery, hands, async (signal) => {
    await act(signal);
    return true;
  });
  return done ?? false;
}

/** One request to the platform within its deadline. Undefined when it didn't succeed, which is then settled. */
async function request<Result>(
  delivery: Delivery,
  hands: Hands,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  if (!hands.mayStart()) {
    await hands.settle({ kind: "release" });
    return undefined;
  }
  try {
    return await withinDeadline(hands.postMs, act);
  } catch (error) {
    const failure = settlementOf(error, delivery.attempts);
    hands.log.warn({ deliveryId: delivery.deliveryId, code: failure.code }, "a post failed");
    await hands.settle(failure);
    return undefined;
  }
}

/** Also ends when the platform ignores the signal: the lease is counted on it [C1]. */
async function withinDeadline<Result>(
  ms: number,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const settled = new AbortController();
  const late = pause(ms + ABORT_GRACE_MS, settled.signal).then(() => {
    throw TIMED_OUT;
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([act(AbortSignal.timeout(ms)), late]);
  } finally {
    settled.abort();
  }
}

type Failure = Extract<Settlement, { kind: "retry" | "failed" }>;

/** What to tell Convex of an error. One that isn't the platform's own may hide a request that landed. */
function settlementOf(error: unknown, attempts: number): Failure {
  if (!(error instanceof PlatformError)) {
    const isTimeout = error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name);
    return {
      kind: "retry",
      code: isTimeout ? "timeout" : failureCode(error),
      reason: isTimeout ? "the platform did not answer in time" : "the bridge failed while posting",
      afterMs: backoffMs(attempts, RETRY),
      certain: false,
    };
  }
  const { code, message: reason, certain, step } = error;
  if (error.retryable) {
    const afterMs = error.retryAfterMs ?? backoffMs(attempts, RETRY);
    return { kind: "retry", code, reason, afterMs, certain };
  }
  return {
    kind: "failed",
    code,
    reason,
    ...(step !== undefined && { step }),
    certain,
    health: error.mapping,
  };
}

function render(delivery: Delivery, from: number, { platform, log }: Hands): Piece[] | undefined {
  try {
    return platform.render(delivery.content, from);
  } catch (error) {
    log.error({ deliveryId: delivery.deliveryId, code: failureCode(error) }, "cannot render");
    return undefined;
  }
}

function postsInOrder(delivery: Delivery): Delivery["posts"] {
  return delivery.posts.toSorted((a, b) => a.part - b.part);
}

const TIMED_OUT = new PlatformError({
  code: "timeout",
  reason: "the platform did not answer in time",
  retryable: true,
  certain: false,
});

const UNKNOWN_OUTCOME: Settlement = {
  kind: "failed",
  code: "OUTCOME_UNKNOWN",
  reason: "it may or may not stand there: whoever was posting it never learned",
  step: "Look into the channel; if it isn't there: npm run channels -- retry",
  certain: false,
  health: false,
};

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
