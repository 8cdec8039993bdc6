import { allow, mentionsIn } from "../rest/mentions.ts";
import type { Channel, Message, User } from "./model.ts";
import type { DiscordSaying } from "../options.ts";
import type { Draft } from "./world.ts";

/** Lengths of a message in UTF-16 units: a person's with Nitro, and a bot's or a webhook's. */
const PERSON_LIMIT = 4_000;
const BOT_LIMIT = 2_000;

/** What someone's words become as a message. Throws where Discord's client would not let them be sent. */
export function draftOf(author: User, channel: Channel, saying: DiscordSaying): Draft {
  const { attachments = [], embeds = [], stickers = [], type } = saying;
  const content = saying.text.trim(); // The client trims, and so does the server.
  const limit = author.kind === "person" ? PERSON_LIMIT : BOT_LIMIT;
  if (content.length > limit) throw new Error(`Discord takes at most ${limit} characters`);
  const bare = attachments.length + embeds.length + stickers.length === 0;
  if (content === "" && bare && type === undefined) throw new Error("nothing to say");
  const target = saying.replyTo === undefined ? undefined : find(channel, saying.replyTo);
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

/** A message people can point at. Throws when it is not there. */
export function find(channel: Channel, id: string): Message {
  const message = channel.messages.get(id);
  if (!message) throw new Error(`no message ${id}`);
  return message;
}
