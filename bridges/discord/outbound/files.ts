import type { RawFile } from "@discordjs/rest";
import { RESTJSONErrorCodes as Code } from "discord-api-types/v10";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Piece } from "../../platform.ts";

/**
 * Refusals that may be about the files: too large, not readable, or forbidden to the bot, which may yet post text. By the HTTP
 * status where Discord's proxy refuses the request. https://discord.com/developers/docs/reference#uploading-files
 */
const FILES_REFUSED: ReadonlySet<string> = new Set(
  [
    413,
    Code.RequestEntityTooLarge,
    Code.MissingPermissions,
    Code.InvalidFormBodyOrContentType,
    Code.FileUploadedExceedsMaximumSize,
    Code.InvalidFileUploaded,
  ].map(String),
);

export function mayBeAboutFiles(error: unknown): boolean {
  return error instanceof PlatformError && FILES_REFUSED.has(error.code);
}

/** The files of a post, as the library takes them. */
export function filesOf({ files = [] }: Piece): { files?: RawFile[] } {
  if (files.length === 0) return {};
  return {
    files: files.map(({ file, bytes }) => ({
      name: file.name,
      data: bytes,
      contentType: file.type,
    })),
  };
}
