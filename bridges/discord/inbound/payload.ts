import { isTimely } from "../../core/shared/timely.ts";
import { fields, type Fields, id, list, number, type Read, text } from "./fields.ts";

/*
 * The parts of Discord's message payloads that the bridge reads. They have the same form in dispatches and in history.
 * Only the id is required: a message survives any other field that is null, absent or of another type, and a list
 * survives such an item. Without a schema library, whose checks would take five times longer than everything else that
 * is done with a message. https://discord.com/developers/docs/resources/message#message-object
 */

export interface DiscordMember {
  readonly nick: string | undefined;
  readonly avatar: string | undefined;
}

const member: Read<DiscordMember> = (value) => {
  const found = fields(value);
  return found && { nick: text(found.nick), avatar: text(found.avatar) };
};

export interface DiscordUser {
  readonly id: string;
  readonly username: string;
  readonly global_name: string | undefined;
  readonly avatar: string | undefined;
  readonly bot: boolean;
  /** Who is mentioned in a message may come with their membership. */
  readonly member: DiscordMember | undefined;
}

const user: Read<DiscordUser> = (value) => {
  const found = fields(value);
  const userId = id(found?.id);
  return found && userId !== undefined
    ? {
        id: userId,
        username: text(found.username) ?? userId,
        global_name: text(found.global_name),
        avatar: text(found.avatar),
        bot: found.bot === true,
        member: member(found.member),
      }
    : undefined;
};

/** Stands for an author that can't be read: people must see the text anyway. */
const UNKNOWN_USER: DiscordUser = {
  id: "0",
  username: "unknown",
  global_name: undefined,
  avatar: undefined,
  bot: false,
  member: undefined,
};

export interface DiscordAttachment {
  readonly filename: string;
  readonly content_type: string | undefined;
  readonly size: number;
  readonly url: string;
  readonly duration_secs: number | undefined;
}

const attachment: Read<DiscordAttachment> = (value) => {
  const found = fields(value);
  return (
    found && {
      filename: text(found.filename) ?? "file",
      content_type: text(found.content_type),
      size: Math.max(0, number(found.size) ?? 0),
      url: text(found.url) ?? "",
      duration_secs: number(found.duration_secs),
    }
  );
};

export interface DiscordEmbed {
  readonly type: string | undefined;
  readonly author: string | undefined;
  readonly title: string | undefined;
  readonly url: string | undefined;
  readonly description: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly image: string | undefined;
  readonly footer: string | undefined;
}

const embed: Read<DiscordEmbed> = (value) => {
  const found = fields(value);
  return (
    found && {
      type: text(found.type),
      author: text(fields(found.author)?.name),
      title: text(found.title),
      url: text(found.url),
      description: text(found.description) ?? "",
      fields: list(found.fields, (each) => {
        const field = fields(each);
        return field && { name: text(field.name) ?? "", value: text(field.value) ?? "" };
      }),
      image: text(fields(found.image)?.url),
      footer: text(fields(found.footer)?.text),
    }
  );
};

export interface DiscordPoll {
  readonly question: string;
  /** Emoji and text of each. */
  readonly answers: readonly string[];
}

const poll: Read<DiscordPoll> = (value) => {
  const found = fields(value);
  return (
    found && {
      question: text(fields(found.question)?.text) ?? "",
      answers: list(found.answers, (each) => {
        const media = fields(fields(each)?.poll_media);
        const words = media && [text(fields(media.emoji)?.name), text(media.text)];
        return words?.filter(Boolean).join(" ");
      }),
    }
  );
};

/** What a message says. One that is forwarded in another has the same fields. */
export interface DiscordTexts {
  readonly content: string;
  readonly flags: number;
  readonly mentions: readonly DiscordUser[];
  readonly mention_roles: readonly string[];
  readonly attachments: readonly DiscordAttachment[];
  /** Their names. */
  readonly stickers: readonly string[];
  readonly poll: DiscordPoll | undefined;
  readonly embeds: readonly DiscordEmbed[];
  readonly components: unknown;
}

function textsOf(found: Fields): DiscordTexts {
  return {
    content: text(found.content) ?? "",
    flags: number(found.flags) ?? 0,
    mentions: list(found.mentions, user),
    mention_roles: list(found.mention_roles, id),
    attachments: list(found.attachments, attachment),
    stickers: list(found.sticker_items, (each) => {
      const sticker = fields(each);
      return sticker && (text(sticker.name) ?? "");
    }),
    poll: poll(found.poll),
    embeds: list(found.embeds, embed),
    components: found.components,
  };
}

export interface DiscordMessage {
  readonly texts: DiscordTexts;
  readonly id: string;
  readonly type: number | undefined;
  readonly author: DiscordUser;
  readonly member: DiscordMember | undefined;
  readonly timestamp: string | undefined;
  readonly edited_timestamp: string | undefined;
  readonly webhook_id: string | undefined;
  readonly reference:
    { readonly type: number; readonly message_id: string | undefined } | undefined;
  /** Who wrote the message that this one answers. */
  readonly answered: string | undefined;
  readonly forwarded: readonly DiscordTexts[];
}

/** Throws if it is no message with an id. */
export function readMessage(value: unknown): DiscordMessage {
  const found = fields(value);
  const messageId = id(found?.id);
  if (found === undefined || messageId === undefined) throw new Error("a message without an id");
  if (!isTimely("discord", messageId)) throw new Error("a message from the future");
  const reference = fields(found.message_reference);
  return {
    texts: textsOf(found),
    id: messageId,
    type: number(found.type),
    author: user(found.author) ?? UNKNOWN_USER,
    member: member(found.member),
    timestamp: text(found.timestamp),
    edited_timestamp: text(found.edited_timestamp),
    webhook_id: id(found.webhook_id),
    reference: reference && {
      type: number(reference.type) ?? 0,
      message_id: id(reference.message_id),
    },
    answered: id(fields(fields(found.referenced_message)?.author)?.id),
    forwarded: list(found.message_snapshots, (each) => {
      const inner = fields(fields(each)?.message);
      return inner && textsOf(inner);
    }),
  };
}

/** Whether an update has the whole message. Discord's updates may be partial. */
export function isWhole(value: object): boolean {
  return "author" in value && "content" in value;
}
