import type { Doc } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { saidAs } from "../rows/messages/messages.ts";
import { timeAt } from "../shared/positions.ts";

/**
 * How long what is said in a thread waits for the message that the thread was started from, in ms. Slack delivers an event
 * again after 3 s if nobody acknowledged it: https://docs.slack.dev/apis/events-api/using-socket-mode
 */
export const ROOT_WAIT_MS = 8_000;

/**
 * Whether the message that a thread was started from is likely still to come: Slack's sockets are acknowledged one by
 * one, so an answer may overtake it (docs/races.md#an-answer-overtakes-the-root-of-its-thread). Discord sends in order.
 */
export async function lacksRoot(
  ctx: QueryCtx,
  { _id: mappingId, platform, since }: Doc<"mappings">,
  thread: Doc<"conversations"> | undefined,
): Promise<boolean> {
  const threadId = thread?.rootId === undefined ? thread?.threadId : undefined;
  if (platform !== "slack" || threadId === undefined) return false;
  if (timeAt(platform, threadId) < timeAt(platform, since)) return false;
  return (await saidAs(ctx, mappingId, threadId)) === null;
}
