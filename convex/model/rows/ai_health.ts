import { type Infer, v } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

/** The latest time in which replies failed. Times are in ms since 1970; without `endedAt` it still lasts. */
export const vAiHealth = v.object({
  since: v.number(),
  /** Why the latest reply failed. Contains no key and no text that people wrote. */
  reason: v.string(),
  failures: v.number(),
  /** When the latest reply failed. */
  at: v.number(),
  endedAt: v.optional(v.number()),
});

/** See `vAiHealth`; null if no reply has failed. */
export async function aiHealth(ctx: QueryCtx): Promise<Infer<typeof vAiHealth> | null> {
  const row = await theRow(ctx);
  if (!row) return null;
  const { _id, _creationTime, ...health } = row;
  return health;
}

/** Counts a reply that finally failed. */
export async function recordAiFailure(ctx: MutationCtx, reason: string): Promise<void> {
  const row = await theRow(ctx);
  const at = Date.now();
  const fresh = { since: at, reason, failures: 1, at };
  if (!row) await ctx.db.insert("aiHealth", fresh);
  else if (row.endedAt !== undefined) await ctx.db.replace("aiHealth", row._id, fresh);
  else await ctx.db.patch("aiHealth", row._id, { reason, failures: row.failures + 1, at });
}

/** Called for every answer. Writes only for the first after failures: this row is shared by all conversations. */
export async function recordAiSuccess(ctx: MutationCtx): Promise<void> {
  const row = await theRow(ctx);
  if (row && row.endedAt === undefined) {
    await ctx.db.patch("aiHealth", row._id, { endedAt: Date.now() });
  }
}

/** Forgets failures that ended before then. Returns how many rows it deleted. */
export async function forgetAiFailures(ctx: MutationCtx, before: number): Promise<number> {
  const row = await theRow(ctx);
  if (row?.endedAt === undefined || row.endedAt >= before) return 0;
  await ctx.db.delete("aiHealth", row._id);
  return 1;
}

async function theRow(ctx: QueryCtx): Promise<Doc<"aiHealth"> | null> {
  return await ctx.db.query("aiHealth").first();
}
