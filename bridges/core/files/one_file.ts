import { createHash } from "node:crypto";
import { MOST_BYTES } from "../../../convex/model/files/wanted.ts";
import type { FileRef, Platform } from "../../platform.ts";
import type { FilesBackend } from "../convex/files_backend.ts";
import { BridgeError } from "../shared/errors.ts";
import { readAtMost } from "./bytes.ts";
import { typeOfBytes } from "./kind.ts";

/** What was downloaded is not a file that is held. Another attempt would get the same. */
export class NotAFile extends BridgeError {
  constructor(code: "too_large" | "html" | "no_image") {
    super(code, "the file is not what its platform announced");
  }
}

/**
 * Makes one attempt to copy a file from its platform into Convex. `unwanted`: its message or attachment is gone, or the
 * file is held already. Throws `NotAFile`, `PlatformError` of the download, and what the network and Convex throw. Any
 * number of attempts leave one copy (docs/races.md#a-file-arrives-after-its-message).
 */
export async function copyFile(
  file: FileRef,
  { platform, backend }: { platform: Pick<Platform, "download">; backend: FilesBackend },
  signal: AbortSignal,
): Promise<"held" | "dropped" | "unwanted"> {
  const { files } = file.mapping;
  if (files === "none") return "unwanted";
  const bytes = await readAtMost(await platform.download(file, signal), MOST_BYTES[files]);
  if (bytes === undefined) throw new NotAFile("too_large");
  const kind = typeOfBytes(bytes, file);
  if ("refused" in kind) throw new NotAFile(kind.refused);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const facts = { sha256, size: bytes.length, type: kind.type };
  const address = await backend.announce(file, facts, signal);
  if (address === null) return "unwanted";
  const storageId = await backend.upload(address, bytes, kind.type, signal);
  return await backend.attach(file, facts, storageId, signal);
}
