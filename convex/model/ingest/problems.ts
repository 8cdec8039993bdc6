import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { cursorOf } from "../rows/cursors.ts";
import { mappingsIn } from "../rows/mappings.ts";
import { findMessage } from "../rows/messages.ts";
import { isBuried } from "../rows/tombstones.ts";
import type { Platform } from "../shared/validators.ts";

/** Open problems of one mapping that are looked at by one catch-up: a hundred mappings may end theirs in one call. */
const MOST_OPEN = 10;

/** The same where a whole mapping goes. */
const MOST_AT_ONCE = 1_000;

/** What nobody can tell to be mended is no news after this long, in ms. */
const NEWS_MS = 30 * 24 * 60 * 60_000;

/** About no mapping that is known: mended once every mapping has been looked through since. */
const ABOUT_ANY = "thread_unknown";

/**
 * Marks what is mended, after the catch-ups of these mappings: what was set aside has been fetched again by then. What
 * is marked leaves the status; the next of its kind is a new problem.
 */
export async function resolveMended(
  ctx: MutationCtx,
  platform: Platform,
  caughtUp: Iterable<Id<"mappings">>,
): Promise<void> {
  for (const mappingId of new Set(caughtUp)) {
    for (const problem of await openProblems(ctx, platform, mappingId, MOST_OPEN))
      if (await isMended(ctx, mappingId, problem)) await resolve(ctx, problem);
  }
  const aboutAny = (await openProblems(ctx, platform, undefined, MOST_OPEN)).filter(
    ({ kind }) => kind === ABOUT_ANY,
  );
  if (aboutAny.length === 0) return;
  const lookedThrough = await allLookedThrough(ctx, platform);
  for (const problem of aboutAny) if (problem.at < lookedThrough) await resolve(ctx, problem);
}

/** A channel that is mirrored no more has no problems. */
export async function resolveAllOf(ctx: MutationCtx, mapping: Doc<"mappings">): Promise<void> {
  const problems = await openProblems(ctx, mapping.platform, mapping._id, MOST_AT_ONCE);
  for (const problem of problems) await resolve(ctx, problem);
}

async function isMended(
  ctx: MutationCtx,
  mappingId: Id<"mappings">,
  { kind, externalId, at }: Doc<"problems">,
): Promise<boolean> {
  switch (kind) {
    // About one message, by its id: mended once that is stored, or deleted.
    case "event set aside":
    case "unreadable":
    case "unreadable_event":
      if (externalId === undefined) return false;
      if ((await findMessage(ctx, mappingId, externalId)) !== null) return true;
      return await isBuried(ctx, mappingId, externalId);
    default:
      return Date.now() - at > NEWS_MS;
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

/** Since when every mapping is known to have missed nothing. A cursor moves only for a mapping that has not. */
async function allLookedThrough(ctx: MutationCtx, platform: Platform): Promise<number> {
  let since = Infinity;
  for (const { _id } of await mappingsIn(ctx, platform, "active"))
    since = Math.min(since, (await cursorOf(ctx, _id))?.caughtUpAt ?? 0);
  return since;
}

async function resolve(ctx: MutationCtx, { _id }: Doc<"problems">): Promise<void> {
  await ctx.db.patch("problems", _id, { resolvedAt: Date.now() });
}
