import type { TestConvex } from "convex-test";
import type { GenericSchema, SchemaDefinition } from "convex/server";

/** Jobs in a transaction, far from its limits. */
const BATCH = 500;

/**
 * Deletes every scheduled function of the app that has not begun, with its row: a restored backup holds none. Those that are scheduled
 * meanwhile stay.
 */
export async function loseJobs(
  convex: Pick<TestConvex<SchemaDefinition<GenericSchema, boolean>>, "mutation">,
): Promise<void> {
  const until = Date.now();
  let after: number | null = 0;
  while (after !== null) {
    const from: number = after;
    after = await convex.mutation(async ({ db }) => {
      const jobs = await db.system
        .query("_scheduled_functions")
        .withIndex("by_creation_time", (q) =>
          q.gt("_creationTime", from).lte("_creationTime", until),
        )
        .take(BATCH);
      for (const job of jobs) if (job.state.kind === "pending") await db.delete(job._id);
      return jobs.at(-1)?._creationTime ?? null;
    });
  }
}
