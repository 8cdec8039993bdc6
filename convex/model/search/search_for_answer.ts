import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { hearingMappings } from "../relay/hearing.ts";
import { toContextLine } from "../replies/context.ts";
import type { QuestionMessage } from "../replies/question.ts";
import { cutToBytes } from "../shared/text.ts";
import { searchMessages } from "./search_messages.ts";

/** Messages that an answer is given, and messages read for them: some may be from where nobody there hears. */
const [MOST_SHOWN, MOST_READ] = [20, 100] as const;
/** Of each message. */
const MOST_BYTES = 1_000;

/** See `internal.search.inChannel`. */
export async function searchForAnswer(
  ctx: QueryCtx,
  channelId: Id<"channels">,
  conversationId: Id<"conversations">,
  text: string,
): Promise<QuestionMessage[]> {
  const conversation = await ctx.db.get("conversations", conversationId);
  if (conversation?.channelId !== channelId) return [];
  const found = await heardIn(ctx, conversation, text);
  const said = found.filter(({ kind }) => kind !== "notice").slice(0, MOST_SHOWN);
  const lines = await Promise.all(said.map((message) => toContextLine(ctx, message)));
  return lines.map((line) => ({ ...line, content: cutToBytes(line.content, MOST_BYTES) }));
}

/** What was found of what people in that mapped channel see. */
async function heardIn(
  ctx: QueryCtx,
  { channelId, mappingId }: Doc<"conversations">,
  text: string,
): Promise<Doc<"messages">[]> {
  const hearing = await hearingMappings(ctx, channelId);
  const since = hearing.find(({ _id }) => _id === mappingId)?.relaySince;
  // Without a mapping it is that of apps and admins, who read the whole channel.
  if (since === undefined)
    return await searchMessages(ctx, { channelId, mappingId }, text, MOST_READ);
  const found = await searchMessages(ctx, { channelId }, text, MOST_READ);
  return found.filter(
    (message) => message.mappingId === mappingId || (message.sentAt ?? 0) >= since,
  );
}
