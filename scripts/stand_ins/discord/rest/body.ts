import type { Uploaded } from "../cdn/uploads.ts";
import { invalid, NotImplemented, type Refusal } from "./refusals.ts";
import type { Call } from "./call.ts";

/** What a request's body holds, or how Discord refuses it. */
export type Body = Pick<Call, "body" | "files"> | { readonly refusal: Refusal | NotImplemented };

/** Reads JSON, or JSON with files: https://discord.com/developers/docs/reference#uploading-files */
export async function readCall(type: string, bytes: Buffer<ArrayBuffer>): Promise<Body> {
  if (bytes.length === 0) return { body: {}, files: [] };
  if (type.startsWith("application/json")) return jsonOf(bytes.toString("utf8"), []);
  if (!type.startsWith("multipart/form-data"))
    return { refusal: new NotImplemented(`a body of type ${type}`) };
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const files: Uploaded[] = [];
  for (const [field, value] of form) {
    if (field === "payload_json") continue;
    const index = /^files\[(\d+)\]$/.exec(field)?.[1];
    if (index === undefined || typeof value === "string")
      return { refusal: new NotImplemented(`the field ${field} of a form`) };
    const content = new Uint8Array(await value.arrayBuffer());
    files.push({ index, name: value.name, ...typeOf(value), bytes: content });
  }
  const json = form.get("payload_json");
  return jsonOf(typeof json === "string" ? json : "{}", files);
}

function typeOf({ type }: { readonly type: string }): { readonly type?: string } {
  return type === "" ? {} : { type };
}

function jsonOf(text: string, files: readonly Uploaded[]): Body {
  try {
    return { body: JSON.parse(text) as unknown, files };
  } catch {
    const message = "The request body contains invalid JSON.";
    return { refusal: invalid("_", "JSON_INVALID", message) };
  }
}
