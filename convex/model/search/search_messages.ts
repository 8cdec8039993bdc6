import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { refusal } from "../shared/refusal.ts";
import { bytesOf } from "../shared/text.ts";

/** Where to search: a Convex channel, or what one mapped channel of it has said. */
interface Scope {
  readonly channelId: Id<"channels">;
  readonly mappingId?: Id<"mappings"> | undefined;
}

/**
 * The messages that have at least one of the words, or one that begins like the last word: the most relevant first, the
 * newest first of those that are equally so. Deleted ones have no words. `limit`: up to 1,024. Convex leaves out words of
 * 32 bytes and more, and all after the sixteenth (https://docs.convex.dev/search/text-search).
 */
export async function searchMessages(
  ctx: QueryCtx,
  { channelId, mappingId }: Scope,
  text: string,
  limit: number,
): Promise<Doc<"messages">[]> {
  return await ctx.db
    .query("messages")
    .withSearchIndex("content", (q) => {
      const inChannel = q.search("content", text).eq("channelId", channelId);
      return mappingId ? inChannel.eq("mappingId", mappingId) : inChannel;
    })
    .take(limit);
}

const MOST_WORDS = 16;
const WORD_BYTES = 32;

/** Throws BAD_TEXT unless Convex searches for every word of the text. */
export function checkWords(text: string): void {
  const words = text.match(/[\p{Alphabetic}\p{N}]+/gu) ?? [];
  if (words.length === 0)
    throw refusal("BAD_TEXT", "there is nothing to search for: name a word or a number");
  if (words.length > MOST_WORDS)
    throw refusal("BAD_TEXT", `a search takes at most ${MOST_WORDS.toString()} words`);
  if (words.some((word) => bytesOf(word) >= WORD_BYTES))
    throw refusal(
      "BAD_TEXT",
      "words of 32 bytes and more can't be searched for: 32 letters, or 11 characters of Japanese, Chinese or Thai without a space",
    );
}
