import { type Fields, fields, text } from "./fields.ts";

/** An image, video or other file that is not attached: `[image: a cat](address)`, or without its address. */
export function mediaText(kind: string, description = "", url = ""): string {
  const words = description.replaceAll(/\s+/g, " ").replaceAll(/[[\]\\]/g, "\\$&");
  const label = words === "" ? `[${kind}]` : `[${kind}: ${words}]`;
  // An address that names an attachment of the same message.
  return url === "" || url.startsWith("attachment:") ? label : `${label}(${url})`;
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
