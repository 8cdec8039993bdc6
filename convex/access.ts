import type { Doc } from "./_generated/dataModel.js";
import type { QueryCtx } from "./_generated/server.js";

/*
 * Who may read and write mapped channels through an app. This file is yours to edit (docs/apps.md): read your own tables,
 * ask `ctx.auth.getUserIdentity()` who calls. Both are asked in the caller's own transaction, so that a right that is
 * taken away ends every subscription at once. They are not asked for bridges and admins, nor for channels that were never
 * mapped. A throw is a no, and its text reaches nobody.
 *
 * By default, nobody may.
 */

/** Whether the caller may read a channel, with everything that was ever said in it, private threads included. */
export function mayRead(_ctx: QueryCtx, _channel: Doc<"channels">): boolean | Promise<boolean> {
  return false;
}

/** Whether a signed-in person may write into a channel: the message is posted wherever the channel is relayed to. */
export function mayWrite(_ctx: QueryCtx, _channel: Doc<"channels">): boolean | Promise<boolean> {
  return false;
}
