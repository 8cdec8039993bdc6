import { customEmoji, fullEmoji, MOST_EMOJI_UNITS } from "../../core/shared/emoji.ts";
import type { MessageEvent, ReactionsEvent } from "../../platform.ts";
import { fields, type Fields, id, list, number, type Read, text } from "./fields.ts";
import { readMember, readUser } from "./payload.ts";
import { avatarUrl, displayName } from "./profile.ts";

/** Emojis on one message that are read: Discord allows 20. */
const MOST_EMOJIS = 100;

/** A server's own emoji has an id, and no name once it is deleted. https://discord.com/developers/docs/resources/emoji */
export const reactionEmoji: Read<string> = (value) => {
  const emoji = fields(value);
  const [emojiId, name] = [id(emoji?.id), text(emoji?.name) ?? ""];
  if (name.length > MOST_EMOJI_UNITS) return undefined;
  if (emojiId !== undefined) return customEmoji(name === "" ? emojiId : name);
  return name === "" ? undefined : fullEmoji(name);
};

/** Who reacted: with a name only where the dispatch carries the membership, which a removal does not. */
export function reactor(
  { user_id: userId, member }: Fields,
  guildId: string,
): MessageEvent["author"] | undefined {
  const externalId = id(userId);
  if (externalId === undefined) return undefined;
  const author: MessageEvent["author"] = { externalId, workspaceId: guildId };
  const user = readUser(fields(member)?.user);
  if (user?.id !== externalId) return author;
  author.name = displayName(user, readMember(member));
  const avatar = avatarUrl(user, readMember(member), guildId);
  if (avatar !== undefined) author.avatarUrl = avatar;
  return author;
}

/** The reactions of a message in history, without the bot's own. Discord says how many there are, not whose. */
export function countsIn(reactions: unknown): ReactionsEvent["reactions"] {
  const read = list(reactions, (value) => {
    const found = fields(value);
    const emoji = reactionEmoji(found?.emoji);
    const count = Math.floor(number(found?.count) ?? 0) - Number(found?.me === true);
    return emoji === undefined || count <= 0 || !Number.isSafeInteger(count)
      ? undefined
      : { emoji, count };
  });
  return read.slice(0, MOST_EMOJIS);
}
