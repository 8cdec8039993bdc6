import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { applyChannelUpdate } from "./channel_updates.ts";
import { clearHealth, setHealth } from "../rows/mapping_health.ts";
import { ensureIdentity } from "../rows/identities.ts";
import { nameMention } from "../rows/messages/mention_names.ts";
import type { Platform } from "../shared/validators.ts";
import { currentKind } from "./report_validators.ts";
import { recordProblem } from "../rows/problems.ts";
import type { vChannelUpdate, vHealth, vPerson, vProblem } from "./report_validators.ts";

interface BridgeReport {
  readonly people: readonly Infer<typeof vPerson>[];
  readonly problems: readonly Infer<typeof vProblem>[];
  readonly health: readonly Infer<typeof vHealth>[];
  readonly channels?: readonly Infer<typeof vChannelUpdate>[] | undefined;
}

/** See `bridge.report`. What concerns mappings of the other platform is ignored. */
export async function recordReport(
  ctx: MutationCtx,
  platform: Platform,
  { people, problems, health, channels = [] }: BridgeReport,
): Promise<null> {
  for (const { kind, ...person } of people)
    if (kind === undefined) await ensureIdentity(ctx, platform, person);
    else await nameMention(ctx, platform, person.externalId, person.name);
  for (const problem of problems) {
    if (problem.mappingId && !(await isOwn(ctx, platform, problem.mappingId))) continue;
    await recordProblem(ctx, platform, { ...problem, kind: currentKind(problem.kind) });
  }
  for (const { mappingId, direction, trouble } of health) {
    if (!(await isOwn(ctx, platform, mappingId))) continue;
    if (trouble) await setHealth(ctx, mappingId, direction, trouble);
    else await clearHealth(ctx, mappingId, direction);
  }
  for (const update of channels) await applyChannelUpdate(ctx, platform, update);
  return null;
}

async function isOwn(ctx: MutationCtx, platform: Platform, mappingId: Id<"mappings">) {
  return (await ctx.db.get("mappings", mappingId))?.platform === platform;
}
