import { type Infer, v } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { rearmPurge } from "../admin/purge.ts";
import { makeReady } from "../outbox/ending.ts";
import { rearmDelivery } from "../outbox/rearm.ts";
import { rearmReply } from "../replies/request_reply.ts";
import { sweepUploads } from "../files/drop_uploads.ts";
import { PLATFORMS } from "../rows/mappings.ts";
import { rearmTask } from "../rows/tasks.ts";

/** Rows looked at in one transaction: each costs a few reads, and some a new job. */
const BATCH = 100;

/** Where a sweep goes on: a step, and the creation time of the last row looked at. */
export const vPlace = v.object({ step: v.number(), after: v.number() });
type Place = Infer<typeof vPlace>;

/** Looks at up to `most` rows created after `after`. Returns those it looked at. */
type Step = (
  ctx: MutationCtx,
  after: number,
  most: number,
) => Promise<readonly { _creationTime: number }[]>;

const STEPS: readonly Step[] = [
  async (ctx, after, most) => {
    const open = await ctx.db
      .query("replies")
      .withIndex("by_state_and_ratedAt", (q) =>
        q.eq("state", "open").eq("ratedAt", undefined).gt("_creationTime", after),
      )
      .take(most);
    for (const reply of open) await rearmReply(ctx, reply);
    return open;
  },
  ...PLATFORMS.flatMap((platform) =>
    (["leased", "waiting", "held"] as const).map((state): Step => async (ctx, after, most) => {
      const rows = await ctx.db
        .query("deliveries")
        .withIndex("by_platform_and_state", (q) =>
          q.eq("platform", platform).eq("state", state).gt("_creationTime", after),
        )
        .take(most);
      for (const row of rows)
        await (state === "held" ? release(ctx, row) : rearmDelivery(ctx, row));
      return rows;
    }),
  ),
  async (ctx, after, most) => {
    const rows = await ctx.db
      .query("purges")
      .withIndex("by_creation_time", (q) => q.gt("_creationTime", after))
      .take(most);
    for (const row of rows) await rearmPurge(ctx, row);
    return rows;
  },
  async (ctx, after, most) => {
    const rows = await ctx.db
      .query("tasks")
      .withIndex("by_creation_time", (q) => q.gt("_creationTime", after))
      .take(most);
    for (const row of rows) await rearmTask(ctx, row);
    return rows;
  },
  async (ctx) => {
    await sweepUploads(ctx);
    return [];
  },
];

/** A held delivery whose mapping is not paused: an earlier version lost the job that was to release it. */
async function release(ctx: MutationCtx, delivery: Doc<"deliveries">): Promise<void> {
  const mapping = await ctx.db.get("mappings", delivery.mappingId);
  if (mapping?.state !== "paused") await makeReady(ctx, delivery);
}

/**
 * Looks at everything that waits for a scheduled function, and re-arms what waits for one that is gone
 * (docs/races.md#a-scheduled-function-is-gone). One transaction when little waits, otherwise one per batch.
 */
export async function sweep(ctx: MutationCtx, from: Place): Promise<void> {
  let room = BATCH;
  for (let { step, after } = from; step < STEPS.length; step += 1, after = 0) {
    const looked = (await STEPS[step]?.(ctx, after, room)) ?? [];
    room -= looked.length;
    const last = looked.at(-1);
    if (room > 0 || !last) continue;
    const place = { step, after: last._creationTime };
    await ctx.scheduler.runAfter(0, internal.sweep.run, { place });
    return;
  }
}
