import type { FileAlong } from "../../../bridges/platform.ts";
import type { GivenFile } from "../../../scripts/stand_ins/chat.ts";

/** The beginnings of files, by their media types. */
const MAGIC = {
  "image/png": "89504e470d0a1a0a",
  "image/jpeg": "ffd8ffe000104a46",
  "image/gif": "474946383961",
  "image/webp": "524946460000000057454250",
} as const;

/** A file that begins as an image of this type does. */
export function image(
  name: string,
  { type = "image/png", size = 64 }: { type?: keyof typeof MAGIC; size?: number } = {},
): GivenFile & { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> } {
  const bytes = new Uint8Array(size);
  bytes.set(Buffer.from(MAGIC[type], "hex"));
  // Two images differ.
  bytes.set(Buffer.from(name).subarray(0, size - 12), 12);
  return { name, type, bytes };
}

/** Files that go along with a post, and what a claimed delivery says of them. */
export function along(...files: GivenFile[]): { along: FileAlong[]; files: FileAlong["file"][] } {
  const given = files.map(({ name, type = "text/plain", bytes }, index) => {
    const url = `http://127.0.0.1:9/storage/${index}`;
    return { file: { name, type, size: bytes.length, url }, bytes: Buffer.from(bytes) };
  });
  return { along: given, files: given.map(({ file }) => file) };
}
