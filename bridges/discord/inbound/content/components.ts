import { ComponentType } from "discord-api-types/v10";
import { stacked } from "../../../core/markdown/joining.ts";
import { type Fields, fields, list, text } from "../fields.ts";
import { emojiText, kindOf, mediaText } from "./media.ts";

/** Deeper than Discord allows components to nest. */
const MAX_DEPTH = 8;

/** With those of dialogs, which no message has so far. */
const DOCUMENTED: ReadonlySet<unknown> = new Set(Object.values(ComponentType));
const isDocumented = (type: unknown): type is ComponentType => DOCUMENTED.has(type);

interface Reader {
  /** Discord's Markdown as canonical Markdown. */
  readonly markdown: (text: string) => string;
  /** Called for each kind of content that the bridge does not know. */
  readonly unknown: (kind: string) => void;
}

/** The text of an app's components: https://discord.com/developers/docs/components/reference */
export function componentsText(components: unknown, reader: Reader, depth = 0): string {
  if (depth > MAX_DEPTH) return "";
  const texts = list(components, fields).map((each) => componentText(each, reader, depth));
  return depth > 0 ? stacked(texts) : texts.filter(Boolean).join("\n\n");
}

function componentText(component: Fields, reader: Reader, depth: number): string {
  const { type } = component;
  if (!isDocumented(type)) {
    if (typeof type === "number") reader.unknown(`component ${type}`);
    return wordsOf(component, reader, depth);
  }
  switch (type) {
    case ComponentType.TextDisplay:
      return reader.markdown(text(component.content) ?? "");
    case ComponentType.Button: {
      const words = [emojiText(component.emoji), text(component.label)].filter(Boolean).join(" ");
      return words === "" ? "" : mediaText("button", words, text(component.url));
    }
    case ComponentType.StringSelect:
    case ComponentType.UserSelect:
    case ComponentType.RoleSelect:
    case ComponentType.MentionableSelect:
    case ComponentType.ChannelSelect:
      return [mediaText("choice", text(component.placeholder)), ...options(component, reader)].join(
        "\n",
      );
    case ComponentType.Separator:
      return component.divider === false ? "" : "---";
    case ComponentType.MediaGallery:
      return list(component.items, (item) => itemText(fields(item))).join("\n");
    case ComponentType.Thumbnail:
      return itemText(component, "image");
    case ComponentType.File:
      return itemText(component);
    default:
      return wordsOf(component, reader, depth);
  }
}

/** The choices of a menu. */
function options(component: Fields, { markdown }: Reader): string[] {
  return list(component.options, fields).map(({ emoji, label, description }) => {
    const name = [emojiText(emoji), text(label)].filter(Boolean).join(" ");
    return `- ${markdown([name, text(description)].filter(Boolean).join(": "))}`;
  });
}

function itemText(item: Fields = {}, kind?: string): string {
  const media = fields(item.media) ?? fields(item.file) ?? {};
  const words = text(item.description) ?? text(item.name);
  return mediaText(kind ?? kindOf(text(media.content_type)), words, text(media.url));
}

const WORDS = ["title", "label", "content", "text", "name", "description", "placeholder"];

/** Everything that a component says, whatever it is: a container, or one that the bridge does not know. */
function wordsOf(component: Fields, reader: Reader, depth: number): string {
  const { components, component: child, accessory, items } = component;
  const inside = [components, [child], [accessory], items];
  return stacked([
    ...WORDS.map((key) => reader.markdown(text(component[key]) ?? "")),
    ...inside.map((each) => componentsText(each, reader, depth + 1)),
    options(component, reader).join("\n"),
  ]);
}
