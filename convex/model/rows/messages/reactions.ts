import { defineTable } from "convex/server";
import { v } from "convex/values";
import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../../_generated/server.js";

/** Who reacted and when (ms since 1970). `gone`: took it back then. */
export const vReactor = v.object({
  identityId: v.id("identities"),
  at: v.number(),
  gone: v.optional(v.literal(true)),
});

/**
 * One row per emoji on each message or post of a platform. Written by ingest, removed with the message. A long answer
 * and a relayed message are several posts, and each has reactions of its own. `count`: how many people reacted, of
 * whom `people` names at most 100. `countedAt`: when the platform was last asked for the count, in ms since 1970.
 */
export const reactionsTable = defineTable({
  messageId: v.id("messages"),
  mappingId: v.id("mappings"),
  externalId: v.string(),
  emoji: v.string(),
  count: v.number(),
  people: v.array(vReactor),
  countedAt: v.optional(v.number()),
})
  .index("by_messageId_and_emoji", ["messageId", "emoji"])
  .index("by_mappingId_and_externalId", ["mappingId", "externalId"]);

/** Rows of one post that are read: platforms allow fewer emojis on one, and rows that count nobody are removed. */
const MOST_ON_POST = 200;
/** Rows of one message, with all its posts, that are read. */
const MOST_ON_MESSAGE = 1_000;
/** Rows of a mapping that a catch-up reads, to learn which messages have any. */
const MOST_IN_WINDOW = 1_000;

/** The reactions to one message or post of a platform. */
export async function reactionsOn(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
  externalId: string,
): Promise<Doc<"reactions">[]> {
  return await ctx.db
    .query("reactions")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).eq("externalId", externalId),
    )
    .take(MOST_ON_POST);
}

/** The reactions to a message wherever it is shown; of the emojis from `from` up to before `before`. */
export async function reactionsTo(
  ctx: QueryCtx,
  messageId: Id<"messages">,
  [from, before]: readonly [string, string] = ["", "\u{10FFFF}"],
): Promise<Doc<"reactions">[]> {
  return await ctx.db
    .query("reactions")
    .withIndex("by_messageId_and_emoji", (q) =>
      q.eq("messageId", messageId).gte("emoji", from).lt("emoji", before),
    )
    .take(MOST_ON_MESSAGE);
}

/** Which messages and posts of a mapping with an id after `after` have reactions, the newest first. */
export async function reactedAfter(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
  after: string,
): Promise<ReadonlySet<string>> {
  const rows = await ctx.db
    .query("reactions")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).gt("externalId", after),
    )
    .order("desc")
    .take(MOST_IN_WINDOW);
  return new Set(rows.filter(({ count }) => count > 0).map(({ externalId }) => externalId));
}

/** Deletes the reactions to a message that is deleted, and what they say of an answer. Returns how many rows. */
export async function dropReactions(ctx: MutationCtx, messageId: Id<"messages">): Promise<number> {
  const rows = await reactionsTo(ctx, messageId);
  for (const { _id } of rows) await ctx.db.delete("reactions", _id);
  const reply = rows.length > 0 && (await replyOf(ctx, messageId));
  if (reply && reply.ratedAt !== undefined)
    await ctx.db.patch("replies", reply._id, { feedback: undefined, ratedAt: undefined });
  return rows.length;
}

/** The reply that a message answers as. Null for other messages, and for one whose reply is no longer kept. */
export async function replyOf(ctx: QueryCtx, messageId: Id<"messages">) {
  return await ctx.db
    .query("replies")
    .withIndex("by_messageId", (q) => q.eq("messageId", messageId))
    .unique();
}

/** The people who are known to have reacted and not to have taken it back. */
export function presentIn(row: Pick<Doc<"reactions">, "people">): Doc<"reactions">["people"] {
  return row.people.filter(({ gone }) => !gone);
}

/** How many people reacted in any of these ways. Whoever is known counts once. */
export function peopleIn(rows: readonly Doc<"reactions">[]): number {
  const known = new Set(rows.flatMap((row) => presentIn(row).map(({ identityId }) => identityId)));
  const unnamed = rows.reduce((sum, row) => sum + row.count - presentIn(row).length, 0);
  return known.size + unnamed;
}
