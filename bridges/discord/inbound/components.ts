import { type APIMessageTopLevelComponent, ComponentType } from "discord-api-types/v10";

type Component = Pick<APIMessageTopLevelComponent, "type"> & Readonly<Record<string, unknown>>;

/** Deeper than Discord allows components to nest. */
const MAX_DEPTH = 8;

/** The text of an app's components: https://discord.com/developers/docs/components/reference */
export function componentsText(
  components: unknown,
  markdown: (text: string) => string,
  unknown: (kind: string) => void,
  depth = 0,
): string {
  if (!Array.isArray(components) || depth > MAX_DEPTH) return "";
  return components
    .filter(isComponent)
    .map((component) => componentText(component, markdown, unknown, depth))
    .filter((text) => text !== "")
    .join(depth > 0 ? "\n" : "\n\n");
}

function componentText(
  component: Component,
  markdown: (text: string) => string,
  unknown: (kind: string) => void,
  depth: number,
): string {
  const inside = () => componentsText(component.components, markdown, unknown, depth + 1);
  switch (component.type as ComponentType) {
    case ComponentType.TextDisplay:
      return markdown(textOf(component.content));
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
      unknown(`component ${String(component.type)}`);
      return inside();
  }
}

function isComponent(value: unknown): value is Component {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "number"
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
