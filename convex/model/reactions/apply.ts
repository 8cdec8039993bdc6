import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { ensureIdentity, type vAuthor } from "../rows/identities.ts";
import { saidAs } from "../rows/messages/messages.ts";
import { reactionsOn } from "../rows/messages/reactions.ts";
import type { Platform } from "../shared/validators.ts";
import { isRating, updateFeedback } from "./feedback.ts";
import { changed, counted, NOBODY, type Tally } from "./tally.ts";

type Author = Infer<typeof vAuthor>;

/** A message or post of a platform. */
interface Post {
  readonly mappingId: Id<"mappings">;
  readonly externalId: string;
}

/** One person's reaction. See `vReactionEvent`. */
export interface Reaction extends Post {
  readonly author: Author;
  readonly emoji: string;
  readonly change: "added" | "removed";
  readonly at: number;
}

/** All reactions of a post. See `vReactionsEvent`. */
export interface Reactions extends Post {
  readonly emoji?: string | undefined;
  readonly reactions: readonly {
    readonly emoji: string;
    readonly count: number;
    readonly users?: readonly Author[] | undefined;
  }[];
  readonly at: number;
}

type Outcome = "reacted" | "known" | "ignored";

/** Rows of one post at which those that count nobody are removed. */
const MANY_ROWS = 60;

/** Names that counts of one batch are compared with. Beyond it, users only count: each name is a read. */
const MOST_NAMES = 500;

/** Identities that the events of one batch share. */
export type Names = Map<string, Promise<Doc<"identities">>>;

/** Stores one person's reaction. Ignored where nothing is known of its message: a catch-up stores both. */
export async function applyReaction(
  ctx: MutationCtx,
  platform: Platform,
  event: Reaction,
): Promise<Outcome> {
  const message = await reactedTo(ctx, event);
  if (!message) return "ignored";
  const { _id: identityId } = await ensureIdentity(ctx, platform, event.author);
  const rows = await reactionsOn(ctx, event.mappingId, event.externalId);
  const row = rows.find(({ emoji }) => emoji === event.emoji);
  const tally = changed(row ?? NOBODY, { identityId, change: event.change, at: event.at });
  if (!tally) return "known";
  if (!row && rows.length >= MANY_ROWS) await dropEmpty(ctx, rows);
  await store(ctx, row, { message, post: event, emoji: event.emoji }, tally);
  if (message.kind === "reply" && isRating(event.emoji)) await updateFeedback(ctx, message._id);
  return "reacted";
}

/** Makes the reactions of a post those that the platform has. Writes nothing where they are the same. */
export async function applyReactions(
  ctx: MutationCtx,
  platform: Platform,
  event: Reactions,
  names: Names,
): Promise<Outcome> {
  const message = await reactedTo(ctx, event);
  if (!message) return "ignored";
  const rows = await reactionsOn(ctx, event.mappingId, event.externalId);
  const byEmoji = new Map(rows.map((row) => [row.emoji, row]));
  const counts = countsByEmoji(event.reactions);
  const emojis = event.emoji === undefined ? [...byEmoji.keys(), ...counts.keys()] : [event.emoji];
  const written: string[] = [];
  for (const emoji of new Set(emojis)) {
    const { count = 0, users = [] } = counts.get(emoji) ?? {};
    const row = byEmoji.get(emoji);
    const ids = await identitiesOf(ctx, platform, users, names);
    const tally = counted(row ?? NOBODY, { count, users: ids, at: event.at });
    if (!tally) continue;
    await store(ctx, row, { message, post: event, emoji }, tally);
    written.push(emoji);
  }
  if (message.kind === "reply" && written.some(isRating)) await updateFeedback(ctx, message._id);
  return written.length > 0 ? "reacted" : "known";
}

/**
 * Emojis that a platform tells apart may be the same here: two of its own with one name, or two skin tones in one emoji.
 * Together they count people once, as far as these are named.
 */
function countsByEmoji(reactions: Reactions["reactions"]) {
  const counts = new Map<string, { count: number; users: readonly Author[] }>();
  for (const { emoji, count, users = [] } of reactions) {
    const { count: others = 0, users: named = [] } = counts.get(emoji) ?? {};
    const known = new Set(named.map(keyOf));
    const added = users.filter((user) => !known.has(keyOf(user)));
    const total = others + count - (users.length - added.length);
    counts.set(emoji, { count: total, users: [...named, ...added] });
  }
  return counts;
}

function keyOf({ workspaceId, externalId }: Author): string {
  return `${workspaceId} ${externalId}`;
}

async function reactedTo(ctx: MutationCtx, { mappingId, externalId }: Post) {
  const message = await saidAs(ctx, mappingId, externalId);
  return message?.deletedAt === undefined ? message : null;
}

async function identitiesOf(
  ctx: MutationCtx,
  platform: Platform,
  users: readonly Author[],
  names: Names,
): Promise<Id<"identities">[]> {
  const found: Id<"identities">[] = [];
  for (const user of users) {
    const key = keyOf(user);
    const known = names.get(key);
    if (!known && names.size >= MOST_NAMES) continue;
    const reading = known ?? ensureIdentity(ctx, platform, user);
    names.set(key, reading);
    found.push((await reading)._id);
  }
  return found;
}

async function store(
  ctx: MutationCtx,
  row: Doc<"reactions"> | undefined,
  on: { readonly message: Doc<"messages">; readonly post: Post; readonly emoji: string },
  { count, people, countedAt }: Tally,
): Promise<void> {
  const tally = { count, people, ...(countedAt !== undefined && { countedAt }) };
  if (row) {
    await ctx.db.patch("reactions", row._id, tally);
    return;
  }
  const { mappingId, externalId } = on.post;
  const place = { messageId: on.message._id, mappingId, externalId, emoji: on.emoji };
  await ctx.db.insert("reactions", { ...place, ...tally });
}

/** What these rows were kept for, a late event of somebody who has left, can only miscount one by one. */
async function dropEmpty(ctx: MutationCtx, rows: readonly Doc<"reactions">[]): Promise<void> {
  for (const { _id, count } of rows) if (count === 0) await ctx.db.delete("reactions", _id);
}
