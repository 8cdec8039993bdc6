import type { Logger } from "pino";
import type { Delivery, Platform } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { type Backoff, backoffMs, pause } from "../shared/backoff.ts";
import { failureCode, PlatformError } from "../shared/errors.ts";
import type { Live } from "./follow_draft.ts";

/** Between attempts at a delivery that the platform refuses for now. */
const RETRY: Backoff = { first: 1_000, cap: 5 * 60_000 };

/** How long a request may take to stop after its deadline, in ms. */
const ABORT_GRACE_MS = 500;

/** One claimed delivery, and what it may use. */
export interface DeliveryContext {
  readonly delivery: Delivery;
  readonly platform: Platform;
  readonly log: Logger;
  /** Deadline of one request, and of one with files, in ms. */
  readonly postMs: number;
  readonly filesMs: number;
  /** Between two searches for a lost post, in ms. */
  readonly lookAgainMs: number;
  /** Whether a request with this deadline that starts now ends within the lease, and the process is not stopping. */
  readonly mayStart: (ms: number) => boolean;
  /** Aborted when the process stops. */
  readonly stopping: AbortSignal;
  /** Waits; returns early when the process stops. */
  readonly pause: (ms: number) => Promise<void>;
  /** Where an answer is shown that is still being written. */
  readonly live: Live;
  /** Reports to Convex. Returns whether this process still holds the delivery. */
  readonly settle: (settlement: Settlement) => Promise<boolean>;
}

/** A value, or the settlement that ends the delivery for now. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly settlement: Settlement };

/** Makes one request to the platform within its deadline. Never throws: an error becomes a settlement. */
export async function request<Value>(
  { delivery, postMs, mayStart }: DeliveryContext,
  act: (signal: AbortSignal) => Promise<Value>,
  ms = postMs,
): Promise<Answer<Value>> {
  if (!mayStart(ms)) return { ok: false, settlement: { kind: "release" } };
  try {
    return { ok: true, value: await withinDeadline(ms, act) };
  } catch (error) {
    return { ok: false, settlement: failureOf(error, delivery.attempts) };
  }
}

/** Also ends if the platform ignores the signal (docs/races.md#a-lease-expires-during-a-post). */
async function withinDeadline<Value>(
  ms: number,
  act: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
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

/** The settlement for an error. An error that is not the platform's own may hide a request that succeeded. */
function failureOf(error: unknown, attempts: number): Settlement {
  if (!(error instanceof PlatformError)) {
    const isTimeout = error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name);
    return {
      kind: "retry",
      code: isTimeout ? "timeout" : failureCode(error),
      reason: isTimeout ? TIMED_OUT.message : "the bridge failed while posting",
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
