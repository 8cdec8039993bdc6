import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { findConversation, placesOfThread } from "../rows/conversations.ts";
import { mappingsOf } from "../rows/mappings.ts";

/** Mappings of one channel that are read. */
const MOST_MAPPINGS = 100;

/** The mappings of a channel that receive what is said elsewhere in it. */
export async function hearingMappings(ctx: QueryCtx, channelId: Id<"channels">) {
  const mappings = await ctx.db
    .query("mappings")
    .withIndex("by_channelId_and_relaySince", (q) =>
      q.eq("channelId", channelId).gt("relaySince", undefined),
    )
    .take(MOST_MAPPINGS);
  return mappings.filter(({ state }) => state !== "unmapped");
}

interface Heard {
  readonly places: readonly Doc<"conversations">[];
  /** What was said elsewhere before that was not heard, in ms since 1970. */
  readonly since: number;
}

/**
 * The places whose messages people see in this one: itself, and if its mapping hears the others, the same conversation
 * in every mapped channel and in the app.
 */
export async function placesHeardIn(
  ctx: QueryCtx,
  conversation: Doc<"conversations">,
): Promise<Heard> {
  const { channelId, mappingId, threadId, rootId } = conversation;
  const hearing = await hearingMappings(ctx, channelId);
  const own = hearing.find(({ _id }) => !mappingId || _id === mappingId);
  const since = (mappingId && own?.relaySince) ?? 0;
  const alone = { places: [conversation], since };
  if (!own) return alone;
  if (threadId !== undefined)
    return rootId ? { places: await placesOfThread(ctx, rootId), since } : alone;
  const mappings = await mappingsOf(ctx, channelId);
  const keys = [{ channelId }, ...mappings.map(({ _id }) => ({ channelId, mappingId: _id }))];
  const found = await Promise.all(keys.map((key) => findConversation(ctx, key)));
  return { places: found.filter((place) => place !== null), since };
}
