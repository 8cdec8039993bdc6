import type { Logger } from "pino";
import type { Delivery, Platform } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { type Backoff, backoffMs, pause } from "../shared/backoff.ts";
import { failureCode, PlatformError } from "../shared/errors.ts";

/** Between tries at a delivery that the platform refuses for a while. */
const RETRY: Backoff = { first: 1_000, cap: 5 * 60_000 };

/** How long after its deadline a request may still take to give up, in ms. */
const ABORT_GRACE_MS = 500;

/** What carries a delivery out, and how far it may go. */
export interface DeliveryContext {
  readonly platform: Platform;
  /** How long one request may take, in ms. */
  readonly postMs: number;
  /** Whether a request that starts now ends within the lease, and the process isn't stopping. */
  mayStart(): boolean;
  /** Between two looks for a post of unknown outcome, in ms. */
  readonly lookAgainMs: number;
  /** Waits; shorter when the process stops. */
  pause(ms: number): Promise<void>;
  /** Tells Convex; whether the delivery is still ours. */
  settle(settlement: Settlement): Promise<boolean>;
  readonly log: Logger;
}

/**
 * One request to the platform within its deadline. Undefined when it didn't succeed, which is then settled: as the error
 * says, or as `tell` makes of it.
 */
export async function request<Result>(
  delivery: Delivery,
  hands: DeliveryContext,
  act: (signal: AbortSignal) => Promise<Result>,
  tell: (failure: Failure) => Failure = (failure) => failure,
): Promise<Result | undefined> {
  if (!hands.mayStart()) {
    await hands.settle({ kind: "release" });
    return undefined;
  }
  try {
    return await withinDeadline(hands.postMs, act);
  } catch (error) {
    const failure = tell(settlementOf(error, delivery.attempts));
    tellLog(hands.log, delivery, failure);
    await hands.settle(failure);
    return undefined;
  }
}

function tellLog(log: Logger, { deliveryId, mappingId, op }: Delivery, failure: Failure): void {
  const { code, reason, certain } = failure;
  const about = { mappingId, deliveryId, op, code, reason, certain };
  if (failure.kind === "failed") log.error(about, "a reply could not be posted");
  else log.warn({ ...about, againInMs: failure.afterMs }, "a reply could not be posted yet");
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

export type Failure = Extract<Settlement, { kind: "retry" | "failed" }>;

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
    const limited = certain && error.retryAfterMs !== undefined;
    const afterMs = error.retryAfterMs ?? backoffMs(attempts, RETRY);
    return { kind: "retry", code, reason, afterMs, certain, ...(limited && { limited }) };
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

const TIMED_OUT = new PlatformError({
  code: "timeout",
  reason: "the platform did not answer in time",
  retryable: true,
  certain: false,
});
