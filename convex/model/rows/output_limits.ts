import { type Infer, v } from "convex/values";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { aiServiceOf } from "../shared/settings.ts";

/** What an AI service calls the limit of an answer. */
export const vOutputLimit = v.union(v.literal("max_completion_tokens"), v.literal("max_tokens"));
export type OutputLimit = Infer<typeof vOutputLimit>;

/** What an answer shows about a service. */
export const vLearned = v.object({ service: v.string(), name: vOutputLimit });

/** Undefined until an answer shows that the service does not know OpenAI's name. */
export async function outputLimitOf(
  ctx: QueryCtx,
  model: string | undefined,
): Promise<OutputLimit | undefined> {
  return (await rowOf(ctx, aiServiceOf(model)))?.name;
}

/** Stores what a service calls it, so that the next question is asked once. */
export async function rememberOutputLimit(
  ctx: MutationCtx,
  { service, name }: Infer<typeof vLearned>,
): Promise<void> {
  const row = await rowOf(ctx, service);
  if (row) await ctx.db.patch("outputLimits", row._id, { name });
  else await ctx.db.insert("outputLimits", { service, name });
}

async function rowOf(ctx: QueryCtx, service: string) {
  return await ctx.db
    .query("outputLimits")
    .withIndex("by_service", (q) => q.eq("service", service))
    .unique();
}
