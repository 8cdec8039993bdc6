import { type Infer, v } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import type { Mention, Platform } from "../shared/validators.ts";

/**
 * Who said it. `name` is absent where the event carries only an id (Slack). `provisional`: not the
 * person's name in that server (Discord's history lacks it), so it never replaces a name.
 */
export const vAuthor = v.object({
  externalId: v.string(),
  workspaceId: v.string(),
  name: v.optional(v.string()),
  avatarUrl: v.optional(v.string()),
  provisional: v.optional(v.literal(true)),
});
type Author = Infer<typeof vAuthor>;

export async function findIdentity(
  ctx: QueryCtx,
  platform: Platform,
  workspaceId: string,
  externalId: string,
): Promise<Doc<"identities"> | null> {
  return await ctx.db
    .query("identities")
    .withIndex("by_platform_and_workspaceId_and_externalId", (q) =>
      q.eq("platform", platform).eq("workspaceId", workspaceId).eq("externalId", externalId),
    )
    .unique();
}

/**
 * The person's identity, made on first sight and renamed when the platform says so. An event without a name
 * changes none.
 */
export async function ensureIdentity(ctx: MutationCtx, platform: Platform, author: Author) {
  const found = await findIdentity(ctx, platform, author.workspaceId, author.externalId);
  const learned = {
    ...(author.name !== undefined && { name: author.name }),
    ...(author.avatarUrl !== undefined && { avatarUrl: author.avatarUrl }),
  };
  if (found) {
    if (author.provisional && found.name !== undefined) return found;
    const renamed = author.name !== undefined && author.name !== found.name;
    const redrawn = author.avatarUrl !== undefined && author.avatarUrl !== found.avatarUrl;
    if (!renamed && !redrawn) return found;
    await ctx.db.patch("identities", found._id, learned);
    if (renamed) await ctx.db.patch("users", found.userId, { name: author.name ?? "" });
    return { ...found, ...learned };
  }
  const userId = await ctx.db.insert("users", {
    name: author.name ?? author.externalId,
    mirrored: true,
  });
  const id = await ctx.db.insert("identities", {
    platform,
    workspaceId: author.workspaceId,
    externalId: author.externalId,
    userId,
    ...learned,
  });
  const made = await ctx.db.get("identities", id);
  if (!made) throw new Error("the identity just made is gone");
  return made;
}

/** What to call a person nobody has named yet: the id, so that two strangers are still two. */
export function nameOf(identity: Doc<"identities">): string {
  return identity.name ?? identity.externalId;
}

/** Who wrote a message. `identity` is absent for who wrote it in Convex. Undefined for the AI, and for a user that is gone. */
export async function authorOf(
  ctx: QueryCtx,
  { authorId, identityId }: Doc<"messages">,
): Promise<{ readonly name: string; readonly identity?: Doc<"identities"> } | undefined> {
  const identity = identityId && (await ctx.db.get("identities", identityId));
  if (identity) return { name: nameOf(identity), identity };
  const user = authorId && (await ctx.db.get("users", authorId));
  return user ? { name: user.name } : undefined;
}

/** How much longer a stored message waits for its names, in ms; less than nothing for one that has waited long enough. */
export async function namesWait(ctx: QueryCtx, message: Doc<"messages">): Promise<number> {
  const { _creationTime, identityId, mentions = [] } = message;
  const identity = identityId && (await ctx.db.get("identities", identityId));
  if (!identity) return 0;
  return Math.round(_creationTime + namingDelay(identity, mentions) - Date.now());
}

/** Time for a bridge to look up the names that a message has only ids for, one by one, in ms. */
const NAMING_DELAY_MS = { first: 1_000, next: 250, most: 4_000 };

/** How long a new message waits before names are needed (docs/races.md#names-arrive-after-messages). */
export function namingDelay(
  { platform, name }: Doc<"identities">,
  mentions: readonly Mention[],
): number {
  // Discord's events have the names. The few that lack one stay ids, or are known from elsewhere.
  const needed = platform === "slack" ? [name, ...mentions.map((mention) => mention.name)] : [];
  const unnamed = needed.filter((each) => each === undefined).length;
  const { first, next, most } = NAMING_DELAY_MS;
  return unnamed === 0 ? 0 : Math.min(first + (unnamed - 1) * next, most);
}
