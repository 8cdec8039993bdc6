import type { UserIdentity } from "convex/server";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { ActionCtx, MutationCtx, QueryCtx } from "../../_generated/server.js";
import { mayRead, mayWrite } from "../../access.ts";
import { ISSUERS, type Role } from "./issuers.ts";
import { refusal } from "../shared/refusal.ts";
import { publicChatIsOpen } from "../shared/settings.ts";
import type { Platform } from "../shared/validators.ts";

type AnyCtx = QueryCtx | MutationCtx | ActionCtx;

/** The role of the caller's token, determined only by its issuer; `undefined` for an app's people and without a token. */
async function roleOf(ctx: AnyCtx): Promise<Role | undefined> {
  return roleOfIssuer((await ctx.auth.getUserIdentity())?.issuer);
}

function roleOfIssuer(issuer: string | undefined): Role | undefined {
  switch (issuer) {
    case ISSUERS.discord:
      return "discord";
    case ISSUERS.slack:
      return "slack";
    case ISSUERS.admin:
      return "admin";
    default:
      return undefined;
  }
}

/** The platform the calling bridge acts for. Throws FORBIDDEN for anyone but a bridge. */
export async function actingPlatform(ctx: AnyCtx): Promise<Platform> {
  const role = await roleOf(ctx);
  if (role !== "discord" && role !== "slack") {
    throw refusal("FORBIDDEN", "only a bridge may call this");
  }
  return role;
}

export async function isAdmin(ctx: AnyCtx): Promise<boolean> {
  return (await roleOf(ctx)) === "admin";
}

/** Throws FORBIDDEN unless the caller's token is signed by the admin key. */
export async function requireAdmin(ctx: AnyCtx): Promise<void> {
  if (!(await isAdmin(ctx))) {
    throw refusal("FORBIDDEN", "only an admin may call this");
  }
}

/** The calling person of an app, signed in with the app's own provider; `undefined` for everybody else. */
export async function appPerson(ctx: AnyCtx): Promise<UserIdentity | undefined> {
  const identity = await ctx.auth.getUserIdentity();
  return identity && roleOfIssuer(identity.issuer) === undefined ? identity : undefined;
}

/**
 * The channel, if the caller may read it: public ones for everybody (while the chat API is open), private ones for admins
 * and those whom `convex/access.ts` lets. Bridges reach private channels through their own functions, never through these.
 */
export async function visibleChannel(ctx: QueryCtx, channelId: Id<"channels">) {
  return await permittedChannel(ctx, channelId, mayRead);
}

/** The channel, if the caller may write into it: as for `visibleChannel`. */
export async function writableChannel(ctx: QueryCtx, channelId: Id<"channels">) {
  return await permittedChannel(ctx, channelId, mayWrite);
}

/** What a function of `convex/access.ts` decides. */
export type Right = (ctx: QueryCtx, channel: Doc<"channels">) => boolean | Promise<boolean>;

async function permittedChannel(ctx: QueryCtx, channelId: Id<"channels">, right: Right) {
  const channel = await ctx.db.get("channels", channelId);
  if (!channel || (await isAdmin(ctx))) return channel;
  const isPermitted = channel.private ? await isGranted(ctx, channel, right) : publicChatIsOpen();
  return isPermitted ? channel : null;
}

/** Whether the caller, who is no admin, may read a private channel. */
export async function mayReadPrivate(ctx: QueryCtx, channel: Doc<"channels">): Promise<boolean> {
  return await isGranted(ctx, channel, mayRead);
}

/** What the app's file says of a caller who has no role here. Nothing is certain of it, and its errors may say too much. */
async function isGranted(ctx: QueryCtx, channel: Doc<"channels">, right: Right): Promise<boolean> {
  if ((await roleOf(ctx)) !== undefined) return false;
  try {
    const granted: unknown = await right(ctx, channel);
    return granted === true;
  } catch {
    return false;
  }
}

/**
 * The user, if the caller may speak as them in the channel. Only admins may as mirrored people, only a person of an app as
 * the user that is theirs, and in a private channel as nobody else (docs/races.md#impersonation-by-author-id).
 */
export async function speakableUser(ctx: QueryCtx, userId: Id<"users">, channel: Doc<"channels">) {
  const user = await ctx.db.get("users", userId);
  if (!user || (await isAdmin(ctx))) return user;
  const { tokenIdentifier, mirrored } = user;
  const isOwn =
    tokenIdentifier !== undefined && tokenIdentifier === (await appPerson(ctx))?.tokenIdentifier;
  const isAnybodys = !channel.private && !mirrored && tokenIdentifier === undefined;
  return isOwn || isAnybodys ? user : null;
}
