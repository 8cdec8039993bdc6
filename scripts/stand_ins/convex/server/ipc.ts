import { z } from "zod";
import { vAuthProvider } from "../functions/auth.ts";
import { vCallStats } from "../engine/call_stats.ts";
import { vMutationFault } from "../functions/faults.ts";
import { vLimits } from "../functions/limits.ts";

/** The commands of the parent to the deployment's process. Each is answered under its `id`. */
const vCommand = z.discriminatedUnion("name", [
  z.object({
    name: z.literal("start"),
    functionsDir: z.string(),
    replace: z.record(z.string(), z.string()).readonly(),
    authProviders: z.array(vAuthProvider).readonly(),
    port: z.number(),
    redact: z.boolean(),
    limits: vLimits,
  }),
  z.object({ name: z.literal("setEnv"), variable: z.string(), value: z.string().nullable() }),
  z.object({ name: z.literal("allowOrigin"), origin: z.string() }),
  z.object({ name: z.literal("stats") }),
  z.object({ name: z.literal("resetStats") }),
  z.object({ name: z.literal("away"), isAway: z.boolean() }),
  z.object({ name: z.literal("cutSockets") }),
  z.object({ name: z.literal("delay"), ms: z.number().nonnegative() }),
  z.object({ name: z.literal("delayTransactions"), ms: z.number().nonnegative() }),
  z.object({ name: z.literal("slowFunctions"), factor: z.number().positive() }),
  z.object({
    name: z.literal("planMutations"),
    fault: vMutationFault,
    path: z.string().nullable(),
    times: z.int().positive(),
  }),
  z.object({ name: z.literal("loseAllJobs") }),
  z.object({ name: z.literal("runJob"), path: z.string() }),
  z.object({ name: z.literal("loseJobs"), path: z.string(), times: z.int().positive() }),
]);
export type Command = z.infer<typeof vCommand>;

export const vCommandMessage = z.object({ id: z.number(), command: vCommand });

export const vAnswerMessage = z.union([
  z.object({ id: z.number(), ok: z.literal(true), value: z.unknown() }),
  z.object({ id: z.number(), ok: z.literal(false), error: z.string() }),
]);
export type AnswerMessage = z.infer<typeof vAnswerMessage>;

export const vStarted = z.object({ port: z.number() });
export const vStats = vCallStats;
