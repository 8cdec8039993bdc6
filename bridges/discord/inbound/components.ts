import { type APIMessageTopLevelComponent, ComponentType } from "discord-api-types/v10";
import { type Fields, isFields, text } from "./fields.ts";

type Component = Pick<APIMessageTopLevelComponent, "type"> & Fields;

/** Deeper than Discord allows components to nest. */
const MAX_DEPTH = 8;

interface Reader {
  /** Discord's Markdown as canonical Markdown. */
  readonly markdown: (text: string) => string;
  /** Called for each kind of component that the bridge does not know. */
  readonly unknown: (kind: string) => void;
}

/** The text of an app's components: https://discord.com/developers/docs/components/reference */
export function componentsText(components: unknown, reader: Reader, depth = 0): string {
  if (!Array.isArray(components) || depth > MAX_DEPTH) return "";
  return components
    .filter(isComponent)
    .map((component) => componentText(component, reader, depth))
    .filter((text) => text !== "")
    .join(depth > 0 ? "\n" : "\n\n");
}

function componentText(component: Component, reader: Reader, depth: number): string {
  const inside = () => componentsText(component.components, reader, depth + 1);
  switch (component.type as ComponentType) {
    case ComponentType.TextDisplay:
      return reader.markdown(textOf(component.content));
    case ComponentType.ActionRow:
    case ComponentType.Section:
    case ComponentType.Container:
      return inside();
    case ComponentType.Button:
      return textOf(component.label) === "" ? "" : `[button: ${textOf(component.label)}]`;
    case ComponentType.StringSelect:
    case ComponentType.UserSelect:
    case ComponentType.RoleSelect:
    case ComponentType.MentionableSelect:
    case ComponentType.ChannelSelect:
      return `[choice: ${textOf(component.placeholder)}]`;
    case ComponentType.Separator:
      return "---";
    case ComponentType.MediaGallery:
    case ComponentType.Thumbnail:
    case ComponentType.File:
      return "[file]";
    default:
      reader.unknown(`component ${String(component.type)}`);
      return inside();
  }
}

function isComponent(value: unknown): value is Component {
  return isFields(value) && typeof value.type === "number";
}

function textOf(value: unknown): string {
  return text(value) ?? "";
}
