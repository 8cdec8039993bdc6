import { MessageFlags } from "discord-api-types/v10";
import { quoted } from "../../../core/markdown/containers.ts";
import { stacked } from "../../../core/markdown/joining.ts";
import type { MessageEvent } from "../../../platform.ts";
import { componentsText } from "./components.ts";
import { embedText } from "./embeds.ts";
import { toCanonical, withoutCode } from "./markdown.ts";
import { kindOf, mediaText } from "./media.ts";
import type { Names } from "../normalise.ts";
import type { DiscordMessage, DiscordPoll, DiscordTexts } from "../payload.ts";
import { displayName } from "../profile.ts";

type Mention = MessageEvent["mentions"][number];

/** An id of somebody whom Discord did not resolve: shorter ones are nobody's. */
const UNRESOLVED = /^\d{15,20}$/;

/**
 * A message's text as canonical Markdown with id tokens, and what the tokens stand for. `unknown` is called for each kind
 * of content that the bridge does not know.
 */
export function plainContent(
  message: DiscordMessage,
  names: Names,
  unknown: (kind: string) => void = () => {},
): { text: string; mentions: Mention[] } {
  const users = usersIn(message);
  const isMentioned = (id: string) => users.has(id) || UNRESOLVED.test(id);
  const text = textOf(message.texts, isMentioned, unknown, message.forwarded);
  const mentioned = rolesIn(message);
  // Most messages mention nobody.
  if (users.size === 0 && !text.includes("<") && mentioned.length === 0)
    return { text, mentions: [] };
  const shown = withoutCode(text);
  const roles = new Set([...mentioned, ...idsIn(shown, /<@&(\d{1,20})>/g)]);
  // Discord resolves no mentions in an app's embeds and components, nor those that notify nobody.
  const others = idsIn(shown, /<@(\d{1,20})>/g).filter((id) => !users.has(id) && isMentioned(id));
  const { channels } = message.texts;
  const mentions: Mention[] = [
    ...[...users].map(([id, name]): Mention => ({ kind: "user", id, name })),
    ...others.map((id): Mention => ({ kind: "user", id })),
    ...[...roles].map((id) => named("group", id, names.role(id)?.name)),
    ...idsIn(shown, /<#(\d{1,20})>/g).map((id) =>
      named("channel", id, names.channel(id) ?? channels.get(id)),
    ),
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
  if (forwarded.length === 0 && isTextOnly(message)) return markdown(message.content);
  const hasAddress = /https?:\/\//i.test(message.content);
  const parts = [
    markdown(message.content),
    ...message.notices,
    componentsText(message.components, { markdown, unknown }),
    ...forwarded.map((each) => {
      const text = textOf(each, isMentioned, unknown);
      const files = each.attachments.map(({ name }) => mediaText("attachment", name));
      return `[forwarded message]\n${quoted(stacked([text, ...files]))}`;
    }),
    voice(message),
    described(message),
    ...message.stickers.map((name) => `[sticker: ${markdown(name)}]`),
    message.poll === undefined ? "" : markdown(poll(message.poll)),
    ...message.embeds.map((embed) => embedText(embed, { markdown, unknown, hasAddress })),
  ];
  return parts.filter(Boolean).join("\n\n");
}

/** Whether there is nothing but a text, as in most messages. */
function isTextOnly(message: DiscordTexts): boolean {
  const { attachments, components, embeds, flags, notices, stickers } = message;
  const hasComponents = Array.isArray(components) && components.length > 0;
  const count = notices.length + attachments.length + stickers.length + embeds.length;
  const isVoice = (flags & MessageFlags.IsVoiceMessage) !== 0;
  return count === 0 && !hasComponents && !isVoice && message.poll === undefined;
}

function voice({ flags, attachments }: DiscordTexts): string {
  if ((flags & MessageFlags.IsVoiceMessage) === 0) return "";
  const seconds = attachments[0]?.duration_secs;
  return seconds === undefined
    ? "[voice message]"
    : `[voice message, ${String(Math.round(seconds))} s]`;
}

/** What files show, in the words of who attached them. */
function described({ attachments }: DiscordTexts): string {
  const texts = attachments.map(({ content_type: type, description }) =>
    description ? mediaText(kindOf(type), description) : "",
  );
  return texts.filter(Boolean).join("\n");
}

function poll({ question, answers }: DiscordPoll): string {
  return [`[poll: ${question}]`, ...answers.map((answer) => `- ${answer}`)].join("\n");
}

const NOBODY: ReadonlyMap<string, string> = new Map();

/** The names of who is mentioned, in a forwarded message too. */
function usersIn({ texts, forwarded }: DiscordMessage): ReadonlyMap<string, string> {
  if (texts.mentions.length === 0 && forwarded.length === 0) return NOBODY;
  const names = new Map<string, string>();
  const add = ({ mentions }: DiscordTexts) => {
    for (const user of mentions) names.set(user.id, displayName(user, user.member));
  };
  add(texts);
  forwarded.forEach(add);
  return names;
}

function rolesIn({ texts, forwarded }: DiscordMessage): string[] {
  return [...texts.mention_roles, ...forwarded.flatMap((each) => each.mention_roles)];
}

function named(kind: Mention["kind"], id: string, name: string | undefined): Mention {
  return name === undefined ? { kind, id } : { kind, id, name };
}

function idsIn(text: string, token: RegExp): string[] {
  return [...new Set([...text.matchAll(token)].map(([, id = ""]) => id))];
}
