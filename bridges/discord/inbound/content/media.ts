import { HIDDEN_SIGN } from "../../../core/markdown/hidden.ts";
import { type Fields, fields, text } from "../fields.ts";

/** An image, video or other file that is not attached: `[image: a cat](address)`, or without its address. */
export function mediaText(kind: string, description = "", url = ""): string {
  const words = description.replaceAll(/\s+/g, " ").replaceAll(HIDDEN, "\\$&");
  const label = words === "" ? kind : `${kind}: ${words}`;
  // An address may name an attachment of the same message.
  return linked(label, url.startsWith("attachment:") ? "" : url) ?? `[${brackets(label)}]`;
}

/** What would end a label or escape in it, and what Markdown would take for a tag or a reference. */
const HIDDEN = new RegExp(`[[\\]\\\\]|${HIDDEN_SIGN.source}`, "g");

/** A link. Undefined without an address. */
export function linked(label: string, url: string | undefined): string | undefined {
  if (!url) return undefined;
  return `[${brackets(label)}](${/[()\s]/.test(url) ? `<${url}>` : url})`;
}

/** A label whose brackets do not end it. */
function brackets(label: string): string {
  return label.replaceAll(/(?<!\\)[[\]]/g, "\\$&");
}

/** What a media type is called. */
export function kindOf(type: string | undefined): string {
  return /^(image|video|audio)\//.exec(type ?? "")?.[1] ?? "file";
}

/** An emoji: its character, or the name of a custom one. */
export function emojiText(value: unknown): string {
  const emoji: Fields = fields(value) ?? {};
  const name = text(emoji.name) ?? "";
  return name !== "" && text(emoji.id) !== undefined ? `:${name}:` : name;
}
