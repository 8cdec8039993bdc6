import { v } from "convex/values";
import { internalQuery } from "./_generated/server.js";
import { vQuestionMessage } from "./model/replies/question.ts";
import { searchForAnswer } from "./model/search/search_for_answer.ts";

/**
 * For a tool of `convex/answer.ts`: what was said in the channel that has one of the words, the most relevant first, as in
 * `question.messages`; at most 20 messages of 1,000 bytes each. Only what people in the conversation's mapped channel
 * see: what was said there, and if it hears the other mapped channels, also in those since it does.
 */
export const inChannel = internalQuery({
  args: { channelId: v.id("channels"), conversationId: v.id("conversations"), text: v.string() },
  returns: v.array(vQuestionMessage),
  handler: async (ctx, { channelId, conversationId, text }) =>
    await searchForAnswer(ctx, channelId, conversationId, text),
});
