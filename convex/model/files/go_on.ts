import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { hasten } from "../outbox/hasten.ts";
import { waitForFiles } from "../replies/wait_for_files.ts";
import { namesWait } from "../rows/identities.ts";
import { filesWait } from "./awaited.ts";
import { FILES_WAIT_MS } from "./wanted.ts";

/**
 * Called when a message waits for one file less: lets its relays, and the reply to it, go on if they wait for no other
 * (docs/races.md#a-file-arrives-after-its-message).
 */
export async function goOn(ctx: MutationCtx, message: Doc<"messages">): Promise<void> {
  if (Date.now() - message._creationTime > FILES_WAIT_MS) return;
  if ((await filesWait(ctx, message, "relay")) === 0)
    await hasten(ctx, message._id, Math.max(0, await namesWait(ctx, message)));
  if (message.asks && message.conversationId) await waitForFiles(ctx, message.conversationId);
}
