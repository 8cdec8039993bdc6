import { type APIMessageTopLevelComponent, ComponentType } from "discord-api-types/v10";

type Component = Pick<APIMessageTopLevelComponent, "type"> & Readonly<Record<string, unknown>>;

/** More of them in each other than Discord allows: whatever says so is not followed. */
const MAX_DEPTH = 8;

/** The words of an app's components: https://discord.com/developers/docs/components/reference */
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
      return markdown(word(component.content));
    case ComponentType.ActionRow:
    case ComponentType.Section:
    case ComponentType.Container:
      return inside();
    case ComponentType.Button:
      return word(component.label) === "" ? "" : `[button: ${word(component.label)}]`;
    case ComponentType.StringSelect:
    case ComponentType.UserSelect:
    case ComponentType.RoleSelect:
    case ComponentType.MentionableSelect:
    case ComponentType.ChannelSelect:
      return `[choice: ${word(component.placeholder)}]`;
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

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}
