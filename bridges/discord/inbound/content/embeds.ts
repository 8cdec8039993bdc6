import { EmbedType } from "discord-api-types/v10";
import { quoted } from "../../../core/markdown/containers.ts";
import { stacked, titled } from "../../../core/markdown/joining.ts";
import { linked, mediaText } from "./media.ts";
import type { DiscordEmbed } from "../payload.ts";

interface Reader {
  readonly markdown: (text: string) => string;
  readonly unknown: (kind: string) => void;
  /** The message has an address: Discord makes previews of such. */
  readonly hasAddress: boolean;
}

const DOCUMENTED: ReadonlySet<string> = new Set(Object.values(EmbedType));
const isDocumented = (type: string): type is EmbedType => DOCUMENTED.has(type);

/** Discord refuses fields without a name or value, so apps send these. */
const INVISIBLE = /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** An embed as a quote. The preview of an address in the message is left out. */
export function embedText(embed: DiscordEmbed, reader: Reader): string {
  const { type = EmbedType.Rich } = embed;
  if (!isDocumented(type)) {
    reader.unknown(`embed ${type}`);
    return quote(embed, reader);
  }
  switch (type) {
    case EmbedType.Rich:
      return quote(embed, reader);
    case EmbedType.PollResult:
      return pollResult(embed, reader);
    case EmbedType.AutoModerationMessage:
      return blocked(embed, reader);
    default:
      return reader.hasAddress ? "" : quote(embed, reader);
  }
}

function quote(embed: DiscordEmbed, { markdown }: Reader): string {
  const { author, authorUrl, title, url, description, fields, media, footer, provider } = embed;
  const text = stacked([
    markdown(provider),
    author === "" ? "" : `${linked(markdown(author), authorUrl) ?? markdown(author)}:`,
    title === "" ? "" : `**${linked(markdown(title), url) ?? markdown(title)}**`,
    markdown(description),
    ...fields.map(({ name, value }) => {
      const [head, words] = [name, value].map((each) =>
        INVISIBLE.test(each) ? "" : markdown(each),
      );
      return titled(head ? `**${head}**` : "", words ?? "");
    }),
    ...media.map((each) => mediaText(each.kind, each.description, each.url)),
    markdown(footer),
  ]);
  const shown = text === "" ? url : text;
  return shown ? quoted(shown) : "";
}

/** https://discord.com/developers/docs/resources/message#embed-fields-by-embed-type-poll-result-embed-fields */
function pollResult({ fields }: DiscordEmbed, { markdown }: Reader): string {
  if (fields.length === 0) return "";
  const value = new Map(fields.map((field) => [field.name, field.value]));
  const emoji = value.get("victor_answer_emoji_name") ?? "";
  const isCustom = value.has("victor_answer_emoji_id");
  const answer = [isCustom ? `:${emoji}:` : emoji, value.get("victor_answer_text")];
  const winner = markdown(answer.filter(Boolean).join(" ")) || "no winner";
  const votes = `${value.get("victor_answer_votes") ?? "0"} of ${value.get("total_votes") ?? "0"} votes`;
  return `[poll closed: ${markdown(value.get("poll_question_text") ?? "")}]\n- ${winner} (${votes})`;
}

/** What a rule of the server kept from being sent, shown to its moderators. */
function blocked({ description, fields }: DiscordEmbed, { markdown }: Reader): string {
  const value = new Map(fields.map((field) => [field.name, field.value]));
  const why = [value.get("rule_name"), value.get("keyword")].filter(Boolean).join(", ");
  const head = `[blocked message${why === "" ? "" : `: ${markdown(why)}`}]`;
  return description === "" ? head : `${head}\n${quoted(markdown(description))}`;
}
