import { type APIEmbed, EmbedType } from "discord-api-types/v10";

/** An app's embed as a quote. Link previews are left out. */
export function embedText(embed: APIEmbed, markdown: (text: string) => string): string {
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

/** Every line of a text as a quote. */
export function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
}
