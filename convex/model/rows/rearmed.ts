import { type Infer, v } from "convex/values";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** Longer than between two sweeps: what is re-armed later belongs to another incident. */
const SAME_INCIDENT_MS = 2 * 60 * 60_000;

/** What was set in motion again because its scheduled function was gone. `at`: the last time, in ms since 1970. */
export const vRearmed = v.object({
  at: v.number(),
  replies: v.number(),
  deliveries: v.number(),
  purges: v.number(),
  /** Absent on rows of earlier versions. */
  tasks: v.optional(v.number()),
});
type Rearmed = Infer<typeof vRearmed>;

const NONE = { replies: 0, deliveries: 0, purges: 0, tasks: 0 };

/** Counts one of them, in the one row that is there for the last incident. */
export async function countRearmed(
  ctx: MutationCtx,
  what: Exclude<keyof Rearmed, "at">,
): Promise<void> {
  const row = await ctx.db.query("rearmed").first();
  const at = Date.now();
  const isSame = row !== null && at - row.at < SAME_INCIDENT_MS;
  const { replies, deliveries, purges, tasks = 0 } = isSame ? row : NONE;
  const counts = { replies, deliveries, purges, tasks };
  const fields = { ...counts, at, [what]: counts[what] + 1 };
  if (row) await ctx.db.replace("rearmed", row._id, fields);
  else await ctx.db.insert("rearmed", fields);
}

export async function lastRearmed(ctx: QueryCtx): Promise<Rearmed | null> {
  const row = await ctx.db.query("rearmed").first();
  if (!row) return null;
  const { _id, _creationTime, ...rearmed } = row;
  return rearmed;
}
