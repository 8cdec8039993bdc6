import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { applyChannelNews } from "./channel_updates.ts";
import { clearHealth, setHealth } from "../rows/mapping_health.ts";
import { ensureIdentity } from "../rows/identities.ts";
import type { Platform } from "../shared/validators.ts";
import type { vChannelNews, vHealth, vPerson, vProblem } from "./report_validators.ts";

interface BridgeReport {
  readonly people: readonly Infer<typeof vPerson>[];
  readonly problems: readonly Infer<typeof vProblem>[];
  readonly health: readonly Infer<typeof vHealth>[];
  readonly channels?: readonly Infer<typeof vChannelNews>[] | undefined;
}

/** Stores what a bridge learned. Rows of the other platform's mappings are left alone. */
export async function recordReport(
  ctx: MutationCtx,
  platform: Platform,
  { people, problems, health, channels = [] }: BridgeReport,
): Promise<null> {
  for (const person of people) await ensureIdentity(ctx, platform, person);
  for (const problem of problems) {
    if (problem.mappingId && !(await isOwn(ctx, platform, problem.mappingId))) continue;
    await recordProblem(ctx, platform, problem);
  }
  for (const { mappingId, direction, trouble } of health) {
    if (!(await isOwn(ctx, platform, mappingId))) continue;
    if (trouble) await setHealth(ctx, mappingId, direction, trouble);
    else await clearHealth(ctx, mappingId, direction);
  }
  for (const news of channels) await applyChannelNews(ctx, platform, news);
  return null;
}

async function isOwn(
  ctx: MutationCtx,
  platform: Platform,
  mappingId: Id<"mappings">,
): Promise<boolean> {
  return (await ctx.db.get("mappings", mappingId))?.platform === platform;
}

/** One row for a problem that is still open, however often it is seen. */
async function recordProblem(
  ctx: MutationCtx,
  platform: Platform,
  problem: Infer<typeof vProblem>,
): Promise<void> {
  const rows = await ctx.db
    .query("problems")
    .withIndex("by_platform_and_kind_and_mappingId_and_externalId", (q) =>
      q
        .eq("platform", platform)
        .eq("kind", problem.kind)
        .eq("mappingId", problem.mappingId)
        .eq("externalId", problem.externalId),
    )
    .order("desc")
    .take(1);
  const [latest] = rows;
  const at = Date.now();
  if (latest && latest.resolvedAt === undefined) {
    await ctx.db.patch("problems", latest._id, {
      reason: problem.reason,
      count: latest.count + 1,
      at,
    });
    return;
  }
  await ctx.db.insert("problems", { platform, ...problem, count: 1, at });
}
