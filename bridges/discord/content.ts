import { MessageReferenceType } from "discord-api-types/v10";
import type { MessageEvent } from "../platform.ts";
import type { Names, WireMessage } from "./normalise.ts";
import { displayName } from "./people.ts";

type Mention = MessageEvent["mentions"][number];

/** A message's text with id tokens, and what the tokens stand for. Never empty without an attachment. */
export function plainContent(
  message: WireMessage,
  names: Names,
): { text: string; mentions: Mention[] } {
  const users = new Map(
    (message.mentions ?? []).map((user) => [user.id, displayName(user, user.member)]),
  );
  // Old clients write `<@!id>`. Only what Discord itself took for a mention is touched: the rest may be code.
  const said = (message.content ?? "").replace(/<@!(\d{1,20})>/g, (token, id: string) =>
    users.has(id) ? `<@${id}>` : token,
  );
  const text = said === "" ? withoutText(message) : said;
  const mentions: Mention[] = [
    ...[...users].map(([id, name]): Mention => ({ kind: "user", id, name })),
    ...[...new Set(message.mention_roles ?? [])].map((id) =>
      named("group", id, names.role(id)?.name),
    ),
    ...channelIds(text).map((id) => named("channel", id, names.channel(id))),
  ];
  return { text, mentions };
}

function named(kind: Mention["kind"], id: string, name: string | undefined): Mention {
  return name === undefined ? { kind, id } : { kind, id, name };
}

function channelIds(text: string): string[] {
  return [...new Set([...text.matchAll(/<#(\d{1,20})>/g)].map(([, id = ""]) => id))];
}

/** What a message without words of its own is: nothing that was said may vanish. */
function withoutText(message: WireMessage): string {
  const forwarded = message.message_reference?.type === MessageReferenceType.Forward;
  const lines = [
    ...(forwarded
      ? (message.message_snapshots ?? []).map((each) => quoted(each.message.content))
      : []),
    ...(message.sticker_items ?? []).map((sticker) => `[sticker: ${sticker.name}]`),
    ...(message.poll === undefined ? [] : [poll(message.poll)]),
    ...(message.embeds ?? []).map((embed) =>
      [embed.title, embed.description].filter((part) => part !== undefined).join("\n"),
    ),
  ].filter((line) => line !== "");
  if (lines.length > 0) return lines.join("\n");
  return (message.attachments ?? []).length > 0 ? "" : "[message without text]";
}

function quoted(text: string): string {
  return ["[forwarded message]", ...text.split("\n").map((line) => `> ${line}`)].join("\n");
}

function poll({ question, answers }: NonNullable<WireMessage["poll"]>): string {
  const options = answers.map((answer) => `- ${answer.poll_media.text ?? ""}`);
  return [`[poll: ${question.text ?? ""}]`, ...options].join("\n");
}
