import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import type { Platform } from "../shared/validators.ts";

type Problem = Pick<Doc<"problems">, "mappingId" | "externalId" | "kind" | "reason">;

/** An open problem has one row, however often it is reported. */
export async function recordProblem(
  ctx: MutationCtx,
  platform: Platform,
  problem: Problem,
): Promise<void> {
  const latest = await latestProblem(ctx, platform, problem);
  const at = Date.now();
  if (latest && latest.resolvedAt === undefined) {
    const { reason } = problem;
    await ctx.db.patch("problems", latest._id, { reason, count: latest.count + 1, at });
    return;
  }
  await ctx.db.insert("problems", { platform, ...problem, count: 1, at });
}

/** Resolves the open problem of a mapping that has no message. */
export async function resolveProblem(
  ctx: MutationCtx,
  platform: Platform,
  about: { readonly mappingId: Id<"mappings">; readonly kind: string },
): Promise<void> {
  const latest = await latestProblem(ctx, platform, about);
  if (latest && latest.resolvedAt === undefined)
    await ctx.db.patch("problems", latest._id, { resolvedAt: Date.now() });
}

async function latestProblem(
  ctx: MutationCtx,
  platform: Platform,
  { kind, mappingId, externalId }: Pick<Problem, "mappingId" | "kind" | "externalId">,
): Promise<Doc<"problems"> | null> {
  return await ctx.db
    .query("problems")
    .withIndex("by_platform_and_kind_and_mappingId_and_externalId", (q) =>
      q
        .eq("platform", platform)
        .eq("kind", kind)
        .eq("mappingId", mappingId)
        .eq("externalId", externalId),
    )
    .order("desc")
    .first();
}
