import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { saidAs } from "../rows/messages/messages.ts";
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
        (event.mentionsBot && !event.answersBot) ||
        inThread?.joined === true ||
        (await repliesToAi(ctx, mapping, event))
      );
  }
}

/** An answer to what the AI said, or a message in a thread started from it. Copies of what people said are theirs. */
async function repliesToAi(
  ctx: MutationCtx,
  mapping: Doc<"mappings">,
  { replyTo, threadId, answersBot }: MessageEvent,
): Promise<boolean> {
  for (const externalId of [replyTo, threadId]) {
    const said = externalId === undefined ? null : await saidAs(ctx, mapping._id, externalId);
    if (said && !said.authorId) return true;
    if (said && externalId === replyTo) return false;
  }
  return answersBot === true;
}
