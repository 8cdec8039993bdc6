import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { findPost } from "../rows/posts.ts";
import type { MessageEvent } from "./event_validators.ts";

/**
 * An older message requests no reply. Longer than Slack takes to redeliver (about 6 minutes):
 * docs/races.md#redelivery-and-order.
 */
const ASKS_FOR_MS = 10 * 60_000;

/**
 * Whether a message asks for a reply, decided once, when it is stored. Other apps never ask: two bots would answer
 * each other forever.
 */
export async function asksForReply(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  event: MessageEvent,
  inThread: Doc<"conversations"> | undefined,
): Promise<boolean> {
  if (event.fromApp || event.backfilled) return false;
  if (Date.now() - event.sentAt >= ASKS_FOR_MS) return false;
  switch (mapping.trigger) {
    case "always":
      return true;
    case "never":
      return false;
    case "mention":
      return (
        event.mentionsBot || inThread?.joined === true || (await repliesToBot(ctx, mapping, event))
      );
  }
}

/** An answer to what the bridge posted, or a message in a thread started from it. */
async function repliesToBot(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  { replyTo, threadId }: MessageEvent,
): Promise<boolean> {
  for (const externalId of [replyTo, threadId])
    if (externalId !== undefined && (await findPost(ctx, mapping._id, externalId))) return true;
  return false;
}
