import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { cursorOf } from "../rows/cursors.ts";
import { horizonOf, mappingsIn } from "../rows/mappings.ts";
import { findMessage } from "../rows/messages/messages.ts";
import { isBuried } from "../rows/messages/tombstones.ts";
import { currentKind, type ProblemKind } from "./report_validators.ts";
import type { Platform } from "../shared/validators.ts";

/** Open problems of one mapping that one catch-up reads: a hundred catch-ups may end in one call. */
const MOST_OPEN = 10;

/** Open problems that unmapping reads. */
const MOST_AT_ONCE = 1_000;

/** Age at which a problem that cannot be checked counts as resolved, in ms. */
const EXPIRES_AFTER_MS = 30 * 24 * 60 * 60_000;

/**
 * Resolves problems after the catch-ups of these mappings, which have fetched the skipped events again. A resolved
 * problem leaves the status; the next report of its kind is a new problem.
 */
export async function resolveAfterCatchUp(
  ctx: MutationCtx,
  platform: Platform,
  caughtUp: Iterable<Id<"mappings">>,
): Promise<void> {
  for (const mappingId of new Set(caughtUp)) {
    for (const problem of await openProblems(ctx, platform, mappingId, MOST_OPEN))
      if (await isResolved(ctx, mappingId, problem)) await resolve(ctx, problem);
  }
  // The mapping of an unknown thread is unknown too: it may be any of them.
  const unknownThreads = (await openProblems(ctx, platform, undefined, MOST_OPEN)).filter(
    ({ kind }) => kind === ("thread_unknown" satisfies ProblemKind),
  );
  if (unknownThreads.length === 0) return;
  const since = await allCaughtUpSince(ctx, platform);
  for (const problem of unknownThreads) if (problem.at < since) await resolve(ctx, problem);
}

/** Resolves every problem of a mapping that ends. */
export async function resolveAllOf(ctx: MutationCtx, mapping: Doc<"mappings">): Promise<void> {
  const problems = await openProblems(ctx, mapping.platform, mapping._id, MOST_AT_ONCE);
  for (const problem of problems) await resolve(ctx, problem);
}

/** Resolves what is open about a deleted message, before its tombstone goes: no catch-up could tell afterwards. */
export async function resolveDeleted(
  ctx: MutationCtx,
  { mappingId, externalId }: Doc<"tombstones">,
): Promise<void> {
  const mapping = await ctx.db.get("mappings", mappingId);
  if (!mapping) return;
  for (const problem of await openProblems(ctx, mapping.platform, mappingId, MOST_OPEN))
    if (problem.externalId === externalId) await resolve(ctx, problem);
}

async function isResolved(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  { kind, externalId, at }: Doc<"problems">,
): Promise<boolean> {
  const mapping = await ctx.db.get("mappings", mappingId);
  // What it was about is no longer kept, if it ever was.
  if (mapping && at < horizonOf(mapping)) return true;
  switch (currentKind(kind)) {
    // Resolved once the message is stored or deleted.
    case "event_set_aside":
    case "message_unreadable":
      if (externalId === undefined) return false;
      if ((await findMessage(ctx, mappingId, externalId)) !== null) return true;
      return await isBuried(ctx, mappingId, externalId);
    default:
      return Date.now() - at > EXPIRES_AFTER_MS;
  }
}

async function openProblems(
  ctx: MutationCtx,
  platform: Platform,
  mappingId: Id<"mappings"> | undefined,
  most: number,
): Promise<Doc<"problems">[]> {
  return await ctx.db
    .query("problems")
    .withIndex("by_platform_and_mappingId_and_resolvedAt", (q) =>
      q.eq("platform", platform).eq("mappingId", mappingId).eq("resolvedAt", undefined),
    )
    .take(most);
}

/** The oldest time at which an active mapping was last caught up. */
async function allCaughtUpSince(ctx: MutationCtx, platform: Platform): Promise<number> {
  let since = Infinity;
  for (const { _id } of await mappingsIn(ctx, platform, "active"))
    since = Math.min(since, (await cursorOf(ctx, _id))?.caughtUpAt ?? 0);
  return since;
}

async function resolve(ctx: MutationCtx, { _id }: Doc<"problems">): Promise<void> {
  await ctx.db.patch("problems", _id, { resolvedAt: Date.now() });
}
