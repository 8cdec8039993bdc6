import { EmbedType, MessageFlags, MessageReferenceType } from "discord-api-types/v10";
import { quoted } from "../../core/markdown/containers.ts";
import type { MessageEvent } from "../../platform.ts";
import { componentsText } from "./components.ts";
import { toCanonical } from "./markdown.ts";
import type { Names } from "./normalise.ts";
import type { DiscordEmbed, DiscordMessage, DiscordPoll, DiscordTexts } from "./payload.ts";
import { displayName } from "./profile.ts";

// Wire values, compared with what a payload holds.
const FORWARD: number = MessageReferenceType.Forward;
const RICH: string = EmbedType.Rich;

type Mention = MessageEvent["mentions"][number];

/**
 * A message's text as canonical Markdown with id tokens, and what the tokens stand for. Empty only with an attachment: a
 * message must not vanish. `unknown` is called for each kind of content that the bridge does not know.
 */
export function plainContent(
  message: DiscordMessage,
  names: Names,
  unknown: (kind: string) => void = () => {},
): { text: string; mentions: Mention[] } {
  const users = new Map(
    mentionedIn(message).map((user) => [user.id, displayName(user, user.member)]),
  );
  const allText = textOf(message.texts, (id) => users.has(id), unknown, forwardedIn(message));
  const isBare = allText === "" && message.texts.attachments.length === 0;
  if (isBare) unknown("message without text");
  const text = isBare ? "[message without text]" : allText;
  const shown = text.replace(CODE, "");
  const roles = new Set([...rolesIn(message), ...idsIn(shown, /<@&(\d{1,20})>/g)]);
  // Discord resolves no mentions in an app's embeds and components, nor those that notify nobody.
  const others = idsIn(shown, /<@(\d{15,20})>/g).filter((id) => !users.has(id));
  const mentions: Mention[] = [
    ...[...users].map(([id, name]): Mention => ({ kind: "user", id, name })),
    ...others.map((id): Mention => ({ kind: "user", id })),
    ...[...roles].map((id) => named("group", id, names.role(id)?.name)),
    ...idsIn(shown, /<#(\d{1,20})>/g).map((id) => named("channel", id, names.channel(id))),
  ];
  return { text, mentions };
}

/** The text of every part of a message, or of one that is forwarded in it. */
function textOf(
  message: DiscordTexts,
  isMentioned: (userId: string) => boolean,
  unknown: (kind: string) => void,
  forwarded: readonly DiscordTexts[] = [],
): string {
  const markdown = (text: string) => toCanonical(text, { isMentioned });
  const parts = [
    markdown(message.content),
    componentsText(message.components, { markdown, unknown }),
    ...forwarded.map((each) => {
      const text = textOf(each, isMentioned, unknown);
      const files = each.attachments.map(({ filename }) => `[attachment: ${filename}]`);
      return `[forwarded message]\n${quoted([text, ...files].filter(Boolean).join("\n"))}`;
    }),
    voice(message),
    ...message.stickers.map((name) => `[sticker: ${name}]`),
    message.poll === undefined ? "" : poll(message.poll),
    ...message.embeds.map((embed) => embedText(embed, markdown)),
  ];
  return parts.filter(Boolean).join("\n\n");
}

function forwardedIn({ reference, forwarded }: DiscordMessage): readonly DiscordTexts[] {
  return reference?.type === FORWARD ? forwarded : [];
}

function voice({ flags, attachments }: DiscordTexts): string {
  if ((flags & MessageFlags.IsVoiceMessage) === 0) return "";
  const seconds = attachments[0]?.duration_secs;
  return seconds === undefined
    ? "[voice message]"
    : `[voice message, ${String(Math.round(seconds))} s]`;
}

function poll({ question, answers }: DiscordPoll): string {
  return [`[poll: ${question}]`, ...answers.map((answer) => `- ${answer}`)].join("\n");
}

/** An app's embed as a quote. Link previews are left out. */
function embedText(embed: DiscordEmbed, markdown: (text: string) => string): string {
  const { type, author, title, url, description, fields, image, footer } = embed;
  // Discord marks the previews it generates with other types.
  if (type !== undefined && type !== RICH) return "";
  const heading =
    title === undefined ? "" : `**${url === undefined ? title : `[${title}](${url})`}**`;
  const lines = [
    author === undefined ? "" : `${author}:`,
    heading,
    markdown(description),
    ...fields.map(({ name, value }) => `**${name}** ${markdown(value)}`),
    image === undefined ? "" : `[image](${image})`,
    footer ?? "",
  ].filter((line) => line !== "");
  return lines.length === 0 ? "" : quoted(lines.join("\n"));
}

/** With those in a forwarded message. */
function mentionedIn({ texts, forwarded }: DiscordMessage): DiscordTexts["mentions"] {
  return [texts, ...forwarded].flatMap(({ mentions }) => mentions);
}

function rolesIn({ texts, forwarded }: DiscordMessage): string[] {
  return [texts, ...forwarded].flatMap((each) => each.mention_roles);
}

function named(kind: Mention["kind"], id: string, name: string | undefined): Mention {
  return name === undefined ? { kind, id } : { kind, id, name };
}

const CODE = /```[^]*?```|`[^`\n]*`/g;

function idsIn(text: string, token: RegExp): string[] {
  return [...new Set([...text.matchAll(token)].map(([, id = ""]) => id))];
}
