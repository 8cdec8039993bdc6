import { MessageFlags, MessageType } from "discord-api-types/v10";
import { isTimely } from "../../core/shared/timely.ts";
import { fields, type Fields, id, isFields, list, number, type Read, text } from "./fields.ts";
import { utc } from "./content/markdown.ts";
import { emojiText } from "./content/media.ts";
import { contentOf, noticesOf } from "./notices.ts";

/*
 * The parts of Discord's message payloads that the bridge reads. They have the same form in dispatches and in history.
 * Only the id is required: a message survives any other field that is null, absent or of another type, and a list
 * survives such an item. Without a schema library, whose checks would take five times longer than everything else that
 * is done with a message. https://discord.com/developers/docs/resources/message#message-object
 */

const LOADING: number = MessageFlags.Loading;
const ANSWERS: ReadonlySet<unknown> = new Set([
  MessageType.ChatInputCommand,
  MessageType.ContextMenuCommand,
]);

export interface DiscordMember {
  readonly nick: string | undefined;
  readonly avatar: string | undefined;
}

/** Somebody's membership of a server. */
export const readMember: Read<DiscordMember> = (value) => {
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

/** A person or app. */
export const readUser: Read<DiscordUser> = (value) => {
  const found = fields(value);
  const userId = id(found?.id);
  return found && userId !== undefined
    ? {
        id: userId,
        username: text(found.username) ?? userId,
        global_name: text(found.global_name),
        avatar: text(found.avatar),
        bot: found.bot === true,
        member: readMember(found.member),
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
  readonly id: string | undefined;
  /** As people see it. */
  readonly name: string;
  readonly description: string | undefined;
  readonly content_type: string | undefined;
  readonly size: number;
  readonly url: string;
  readonly duration_secs: number | undefined;
}

const attachment: Read<DiscordAttachment> = (value) => {
  const found = fields(value);
  return (
    found && {
      id: id(found.id),
      name: fileName(text(found.filename) ?? "file", text(found.title)),
      description: text(found.description),
      content_type: text(found.content_type),
      size: Math.max(0, number(found.size) ?? 0),
      url: text(found.url) ?? "",
      duration_secs: number(found.duration_secs),
    }
  );
};

/** Names have only plain characters. A title has all, but not the ending. */
function fileName(name: string, title = ""): string {
  const ending = /\.\w{1,8}$/.exec(name)?.[0] ?? "";
  if (title === "") return name;
  return title.endsWith(ending) ? title : title + ending;
}

export interface DiscordEmbed {
  readonly type: string | undefined;
  readonly provider: string;
  readonly author: string;
  readonly authorUrl: string | undefined;
  readonly title: string;
  readonly url: string | undefined;
  readonly description: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly media: readonly {
    readonly kind: string;
    readonly url: string;
    readonly description: string | undefined;
  }[];
  /** With the time. */
  readonly footer: string;
}

const embed: Read<DiscordEmbed> = (value) => {
  const found = fields(value);
  return (
    found && {
      type: text(found.type),
      provider: text(fields(found.provider)?.name) ?? "",
      author: text(fields(found.author)?.name) ?? "",
      authorUrl: text(fields(found.author)?.url),
      title: text(found.title) ?? "",
      url: text(found.url),
      description: text(found.description) ?? "",
      fields: list(found.fields, (each) => {
        const field = fields(each);
        return field && { name: text(field.name) ?? "", value: text(field.value) ?? "" };
      }),
      media: ["image", "thumbnail", "video"].flatMap((kind) => {
        const { url, description } = fields(found[kind]) ?? {};
        return text(url) ? [{ kind, url: text(url) ?? "", description: text(description) }] : [];
      }),
      footer: [text(fields(found.footer)?.text), utc(text(found.timestamp))]
        .filter(Boolean)
        .join(" · "),
    }
  );
};

export interface DiscordPoll {
  readonly question: string;
  /** Emoji and text of each, and how many chose it once the poll is over. */
  readonly answers: readonly string[];
}

const votes = (count: number) => (count === 1 ? "1 vote" : `${String(count)} votes`);

const poll: Read<DiscordPoll> = (value) => {
  const found = fields(value);
  if (found === undefined) return undefined;
  const results = fields(found.results);
  const counts = new Map(
    list(results?.answer_counts, fields).map((each) => [number(each.id), number(each.count)]),
  );
  return {
    question: text(fields(found.question)?.text) ?? "",
    answers: list(found.answers, (each) => {
      const answer = fields(each);
      const media = fields(answer?.poll_media);
      if (media === undefined) return undefined;
      const words = [emojiText(media.emoji), text(media.text)].filter(Boolean).join(" ");
      const count = counts.get(number(answer?.answer_id)) ?? 0;
      return results?.is_finalized === true ? `${words} (${votes(count)})` : words;
    }),
  };
};

/** What a message says. One that is forwarded in another has the same fields. */
export interface DiscordTexts {
  readonly content: string;
  readonly flags: number;
  readonly mentions: readonly DiscordUser[];
  readonly mention_roles: readonly string[];
  /** Names of mentioned channels. Only what a followed channel of another server has posted carries them. */
  readonly channels: ReadonlyMap<string, string>;
  readonly attachments: readonly DiscordAttachment[];
  /** Their names. */
  readonly stickers: readonly string[];
  readonly poll: DiscordPoll | undefined;
  readonly embeds: readonly DiscordEmbed[];
  readonly components: unknown;
  /** What Discord says beside it. */
  readonly notices: readonly string[];
}

const NONE: ReadonlyMap<string, string> = new Map();

/** https://discord.com/developers/docs/resources/message#channel-mention-object */
function channelNames(mentioned: unknown): ReadonlyMap<string, string> {
  if (mentioned === undefined) return NONE;
  const pairs = list(mentioned, (each): [string, string] | undefined => {
    const channel = fields(each);
    const [channelId, name] = [id(channel?.id), text(channel?.name)];
    return channelId !== undefined && name ? [channelId, name] : undefined;
  });
  return new Map(pairs);
}

function textsOf(found: Fields): DiscordTexts {
  return {
    content: contentOf(found),
    flags: number(found.flags) ?? 0,
    mentions: list(found.mentions, readUser),
    mention_roles: list(found.mention_roles, id),
    channels: channelNames(found.mention_channels),
    attachments: list(found.attachments, attachment),
    stickers: list(found.sticker_items ?? found.stickers, (each) => {
      const sticker = fields(each);
      return sticker && (text(sticker.name) ?? "");
    }),
    poll: poll(found.poll),
    embeds: list(found.embeds, embed),
    components: found.components,
    notices: noticesOf(found),
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
  readonly application_id: string | undefined;
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
    author: readUser(found.author) ?? UNKNOWN_USER,
    member: readMember(found.member),
    timestamp: text(found.timestamp),
    edited_timestamp: text(found.edited_timestamp),
    webhook_id: id(found.webhook_id),
    application_id: id(found.application_id),
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

/** Whether an app is still at work on its answer, which is empty until then. */
export function isLoading({ texts }: DiscordMessage): boolean {
  const { flags, content, attachments, embeds, components } = texts;
  if ((flags & LOADING) === 0 || content !== "") return false;
  return [attachments, embeds, list(components, fields)].every(({ length }) => length === 0);
}

/** Whether a message answers a command, a button or a form. */
export function isAnswer(value: object): boolean {
  const { type, interaction_metadata: cause, interaction } = fields(value) ?? {};
  return ANSWERS.has(type) || isFields(cause) || isFields(interaction);
}

/** Whether an update has the whole message. Discord's updates may be partial. */
export function isWhole(value: object): boolean {
  return "author" in value && "content" in value;
}
