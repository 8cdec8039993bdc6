import type { VisibleMessage } from "../../../stand_ins/chat.ts";
import type { ChatMessage, Named, PlatformName } from "../protocol.ts";
import { shownReaction } from "./thumbs.ts";

/** A message as the page shows it. */
export function seenMessage(
  platform: PlatformName,
  message: VisibleMessage,
  bot: Named,
): ChatMessage {
  const { author, fromBot, inPersona, files = [], reactions = [] } = message;
  const { id, authorId, text, edited, replyTo } = message;
  return {
    id,
    author: fromBot && !inPersona ? bot.name : author,
    ...{ authorId, text, edited, fromBot },
    ...(inPersona && { inPersona }),
    ...(replyTo !== undefined && { replyTo }),
    images: files.flatMap(({ type = "", bytes }) =>
      type.startsWith("image/")
        ? [`data:${type};base64,${Buffer.from(bytes).toString("base64")}`]
        : [],
    ),
    reactions: reactions.map(({ emoji, people }) => ({
      emoji: shownReaction(platform, emoji),
      people: [...people],
    })),
  };
}
