import { RESTJSONErrorCodes as Code, type APIAttachment } from "discord-api-types/v10";
import { z } from "zod";
import type { GivenFile } from "../../chat.ts";
import { invalid, refuse } from "../rest/refusals.ts";
import type { Channel } from "../world/model.ts";
import type { World } from "../world/world.ts";

/** Files of one message; bytes of a file, and of a whole request. https://discord.com/developers/docs/reference#uploading-files */
const MOST_FILES = 10;
const FILE_LIMIT = 10 * 1024 * 1024;
const REQUEST_LIMIT = 25 * 1024 * 1024;

/** A file of a multipart request. `index`: the n of its field `files[n]`. */
export interface Uploaded extends GivenFile {
  readonly index: string;
}

/** What a body says of files: new ones by the n of `files[n]`, and in an edit also those to keep, by their ids. */
export const attachmentsField = z
  .array(
    z.object({
      id: z.union([z.string(), z.int()]).transform(String),
      filename: z.string().optional(),
      description: z.string().max(1024).nullish(),
    }),
  )
  .optional();

/** Throws 40005 with status 413 for what is too large, and 50035 for too many files. */
export function checkUploads(files: readonly Uploaded[]): void {
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total > REQUEST_LIMIT || files.some(({ bytes }) => bytes.length > FILE_LIMIT))
    throw refuse(Code.RequestEntityTooLarge);
  if (files.length > MOST_FILES) {
    throw invalid("files", "BASE_TYPE_MAX_LENGTH", `Must be ${MOST_FILES} or fewer in length.`);
  }
}

/** The attachments of a message: those to keep, and the uploaded ones. */
export function attach(
  world: World,
  channel: Channel,
  files: readonly Uploaded[],
  listed: z.infer<typeof attachmentsField>,
  existing: readonly APIAttachment[] = [],
): APIAttachment[] {
  checkUploads(files);
  const kept = listed
    ? existing.filter(({ id }) => listed.some((each) => each.id === id))
    : existing;
  const unknown = (listed ?? []).filter(
    ({ id }) =>
      !existing.some((each) => each.id === id) && !files.some(({ index }) => index === id),
  );
  if (unknown.length > 0) {
    throw invalid("attachments", "ATTACHMENT_NOT_FOUND", "Attachment data not found");
  }
  const added = files.map(({ index, ...file }) => {
    const name = listed?.find(({ id }) => id === index)?.filename ?? file.name;
    return world.cdn.add(channel, { ...file, name });
  });
  return [...kept, ...added];
}
