import {
  type APIEmbed,
  EmbedType,
  MessageFlags,
  MessageReferenceType,
} from "discord-api-types/v10";
import { quoted } from "../../core/markdown/containers.ts";
import type { MessageEvent } from "../../platform.ts";
import { componentsText } from "./components.ts";
import { toCanonical } from "./markdown.ts";
import type { Names, WireMessage } from "./normalise.ts";
import { displayName } from "./profile.ts";

type Mention = MessageEvent["mentions"][number];

/**
 * A message's text as canonical Markdown with id tokens, and what the tokens stand for. Empty only with an attachment: a
 * message must not vanish. `unknown` is called for each kind of content that the bridge does not know.
 */
export function plainContent(
  message: WireMessage,
  names: Names,
  unknown: (kind: string) => void = () => {},
): { text: string; mentions: Mention[] } {
  const users = new Map(
    mentionedIn(message).map((user) => [user.id, displayName(user, user.member)]),
  );
  const allText = textOf(message, (id) => users.has(id), unknown);
  const isBare = allText === "" && (message.attachments ?? []).length === 0;
  if (isBare) unknown("message without text");
  const text = isBare ? "[message without text]" : allText;
  const mentions: Mention[] = [
    ...[...users].map(([id, name]): Mention => ({ kind: "user", id, name })),
    ...rolesIn(message).map((id) => named("group", id, names.role(id)?.name)),
    ...channelIds(text).map((id) => named("channel", id, names.channel(id))),
  ];
  return { text, mentions };
}

type Texts = Pick<
  WireMessage,
  "content" | "flags" | "attachments" | "sticker_items" | "poll" | "embeds" | "components"
> &
  Pick<WireMessage, "message_reference" | "message_snapshots">;

/** The text of every part of a message. */
function textOf(
  message: Texts,
  isMentioned: (userId: string) => boolean,
  unknown: (kind: string) => void,
): string {
  const markdown = (text: string) => toCanonical(text, { isMentioned });
  const parts = [
    markdown(message.content ?? ""),
    componentsText(message.components ?? [], { markdown, unknown }),
    ...forwarded(message).map((each) => {
      const text = textOf(each, isMentioned, unknown);
      const files = (each.attachments ?? []).map(({ filename }) => `[attachment: ${filename}]`);
      return `[forwarded message]\n${quoted([text, ...files].filter(Boolean).join("\n"))}`;
    }),
    voice(message),
    ...(message.sticker_items ?? []).map((sticker) => `[sticker: ${sticker.name}]`),
    ...(message.poll === undefined ? [] : [poll(message.poll)]),
    ...(message.embeds ?? []).map((embed) => embedText(embed, markdown)),
  ];
  return parts.filter(Boolean).join("\n\n");
}

function forwarded({ message_reference: reference, message_snapshots: snapshots }: Texts): Texts[] {
  if (reference?.type !== MessageReferenceType.Forward) return [];
  return (snapshots ?? []).map(({ message }) => message);
}

function voice({ flags, attachments = [] }: Texts): string {
  if (((flags ?? 0) & MessageFlags.IsVoiceMessage) === 0) return "";
  const seconds = attachments[0]?.duration_secs;
  return seconds === undefined
    ? "[voice message]"
    : `[voice message, ${String(Math.round(seconds))} s]`;
}

function poll({ question, answers }: NonNullable<WireMessage["poll"]>): string {
  const options = answers.map(
    ({ poll_media: { emoji, text = "" } }) => `- ${[emoji?.name, text].filter(Boolean).join(" ")}`,
  );
  return [`[poll: ${question.text ?? ""}]`, ...options].join("\n");
}

/** An app's embed as a quote. Link previews are left out. */
function embedText(embed: APIEmbed, markdown: (text: string) => string): string {
  const { type, author, title, url, description, fields = [], image, footer } = embed;
  // Discord marks the previews it generates with other types.
  if (type !== undefined && type !== EmbedType.Rich) return "";
  const heading =
    title === undefined ? "" : `**${url === undefined ? title : `[${title}](${url})`}**`;
  const lines = [
    author === undefined ? "" : `${author.name}:`,
    heading,
    markdown(description ?? ""),
    ...fields.map(({ name, value }) => `**${name}** ${markdown(value)}`),
    image === undefined ? "" : `[image](${image.url})`,
    footer?.text ?? "",
  ].filter((line) => line !== "");
  return lines.length === 0 ? "" : quoted(lines.join("\n"));
}

/** With those in a forwarded message. */
function mentionedIn(message: WireMessage): NonNullable<WireMessage["mentions"]> {
  const inside = (message.message_snapshots ?? []).flatMap((each) => each.message.mentions);
  return [...(message.mentions ?? []), ...inside];
}

function rolesIn(message: WireMessage): string[] {
  const inside = (message.message_snapshots ?? []).flatMap((each) => each.message.mention_roles);
  return [...new Set([...(message.mention_roles ?? []), ...inside])];
}

function named(kind: Mention["kind"], id: string, name: string | undefined): Mention {
  return name === undefined ? { kind, id } : { kind, id, name };
}

function channelIds(text: string): string[] {
  return [...new Set([...text.matchAll(/<#(\d{1,20})>/g)].map(([, id = ""]) => id))];
}
