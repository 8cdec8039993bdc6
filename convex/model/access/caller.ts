import type { Id } from "../../_generated/dataModel.js";
import type { ActionCtx, MutationCtx, QueryCtx } from "../../_generated/server.js";
import { ISSUERS, type Role } from "./issuers.ts";
import { refusal } from "../shared/refusal.ts";
import { publicChatIsOpen } from "../shared/settings.ts";
import type { Platform } from "../shared/validators.ts";

type AnyCtx = QueryCtx | MutationCtx | ActionCtx;

/** The role of the caller's token, determined only by its issuer; `undefined` without a token. */
async function roleOf(ctx: AnyCtx): Promise<Role | undefined> {
  const identity = await ctx.auth.getUserIdentity();
  switch (identity?.issuer) {
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

/**
 * The channel, if the caller may see it: public ones for everybody (while the chat API is open), private ones
 * for admins only. Bridges reach private channels through their own functions, never through these. Costs no read beyond
 * the document.
 */
export async function visibleChannel(ctx: QueryCtx, channelId: Id<"channels">) {
  const channel = await ctx.db.get("channels", channelId);
  const isOpen = channel?.private !== true && publicChatIsOpen();
  return isOpen || (await isAdmin(ctx)) ? channel : null;
}

/** The user, if the caller may see them. Only admins see mirrored people (docs/races.md#impersonation-by-author-id). */
export async function visibleUser(ctx: QueryCtx, userId: Id<"users">) {
  const user = await ctx.db.get("users", userId);
  if (user?.mirrored && !(await isAdmin(ctx))) return null;
  return user;
}
