import { allow, mentionsIn } from "./mentions.ts";
import type { Channel, Message, User } from "./model.ts";
import type { DiscordNewMessage } from "../options.ts";
import type { Draft, World } from "./world.ts";

/** Longest message in UTF-16 units, for a person with Nitro and for a bot or webhook. */
const PERSON_LIMIT = 4_000;
const BOT_LIMIT = 2_000;

/** The message to create. Throws if Discord's client would not send it. */
export function draftOf(
  world: World,
  author: User,
  channel: Channel,
  message: DiscordNewMessage,
): Draft {
  const { files = [], embeds = [], stickers = [], type } = message;
  const added = files.map((file) => world.cdn.add(channel, file));
  const attachments = [...(message.attachments ?? []), ...added];
  const content = message.text.trim(); // The client trims, and so does the server.
  const limit = author.kind === "person" ? PERSON_LIMIT : BOT_LIMIT;
  if (content.length > limit) throw new Error(`Discord takes at most ${limit} characters`);
  const bare = attachments.length + embeds.length + stickers.length === 0;
  if (content === "" && bare && type === undefined) throw new Error("nothing to say");
  const target = message.replyTo === undefined ? undefined : find(channel, message.replyTo);
  return {
    channel,
    author,
    content,
    mentions: allow(mentionsIn(content), undefined, target?.author.id),
    attachments,
    embeds,
    stickers,
    ...(type === undefined ? {} : { type }),
    ...(target ? { reference: { channelId: channel.id, messageId: target.id } } : {}),
  };
}

/** Finds a message. Throws if there is none of this id. */
export function find(channel: Channel, id: string): Message {
  const message = channel.messages.get(id);
  if (!message) throw new Error(`no message ${id}`);
  return message;
}
