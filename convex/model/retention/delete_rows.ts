import type { Doc, TableNames } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { resolveDeleted } from "../ingest/problems.ts";

/** Deletes rows of one table. Returns how many. */
export async function deleteRows<Table extends TableNames>(
  ctx: MutationCtx,
  table: Table,
  rows: readonly Doc<Table>[],
): Promise<number> {
  for (const { _id } of rows) await ctx.db.delete(table, _id);
  return rows.length;
}

/** Deletes tombstones, and resolves what is open about their messages. Returns how many it deleted. */
export async function deleteTombstones(
  ctx: MutationCtx,
  tombstones: readonly Doc<"tombstones">[],
): Promise<number> {
  for (const tombstone of tombstones) await resolveDeleted(ctx, tombstone);
  return await deleteRows(ctx, "tombstones", tombstones);
}
