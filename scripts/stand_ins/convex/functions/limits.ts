import { z } from "zod";

/** What a deployment allows, and what it counts as user time. */
export const vLimits = z.object({
  /** User time of a transaction, in ms, including the functions that it calls. */
  userTimeMs: z.number().positive(),
  /** User time of a call inside a transaction, in ms: each one loads its module anew. */
  callMs: z.number().nonnegative(),
  /** User time of a system call that reads, writes or schedules, in ms: about one for each document. */
  documentMs: z.number().nonnegative(),
  /** Scheduled functions that run at once. */
  jobsAtOnce: z.int().positive(),
});
export type Limits = z.infer<typeof vLimits>;

/**
 * The limits of Convex's Free and Starter plans and of a self-hosted backend
 * (https://docs.convex.dev/production/state/limits), with costs near those of its runtime: the rate limiter's module
 * takes about 3 ms to load.
 */
export const CONVEX_LIMITS: Limits = {
  userTimeMs: 1_000,
  callMs: 3,
  documentMs: 0.05,
  jobsAtOnce: 8,
};
