import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import type { Limited } from "./limits.ts";
import { speak } from "./say.ts";

/** Said in the channel when a reply finally failed. */
export const FAILURE_NOTICE = "Sorry, I could not answer that. Please try again later.";

/** What a person who reached a limit is told. */
export function limitNotice(limited: Limited): string {
  const minutes = Math.max(1, Math.ceil(limited.retryAfterMs / 60_000));
  const wait =
    minutes < 90
      ? `about ${minutes.toString()} min`
      : `about ${Math.round(minutes / 60).toString()} h`;
  switch (limited.whose) {
    case "author":
      return `You have asked a lot in a short time. I can answer you again in ${wait}.`;
    case "channel":
      return `This channel has had all the answers it may have for now. I can answer here again in ${wait}.`;
    case "day":
    case "strangers":
      return `I have given all the answers I may give for today. I can answer again in ${wait}.`;
  }
}

/**
 * Says something in the conversation that is not part of it: people see it, the AI never does. Posted to the
 * platform like a reply.
 */
export async function sayNotice(
  ctx: MutationCtx,
  conversation: Doc<"conversations">,
  about: Pick<Doc<"messages">, "position" | "sentAt" | "externalId">,
  content: string,
): Promise<void> {
  await speak(ctx, conversation, {
    kind: "notice",
    content,
    behind: about,
    replyTo: about.externalId,
  });
}
