import { z } from "zod";
import { uploadAddress } from "../files/file_server.ts";
import type { SharedFile } from "../workspace/workspace.ts";
import { type Backend, type Method, needScope } from "./method.ts";
import { jsonParam, textParam } from "./params.ts";
import { SlackRefusal } from "./refusal.ts";

/** docs.slack.dev/reference/methods/files.info */
const info: Method = {
  token: "bot",
  params: ["file", "count", "page", "limit", "cursor"],
  run: (backend, params) => {
    needScope(backend, "files:read");
    const file = backend.workspace.files.get(textParam(params, "file") ?? "");
    if (!file) throw new SlackRefusal("file_not_found");
    return { file: fileJson(file, file.at !== "hidden"), comments: [], paging: null };
  },
};

/** docs.slack.dev/reference/methods/files.getUploadURLExternal */
const getUploadUrl: Method = {
  token: "bot",
  params: ["filename", "length", "alt_txt"],
  run: (backend, params) => {
    needScope(backend, "files:write");
    const [name = "", length = ""] = [textParam(params, "filename"), textParam(params, "length")];
    if (name === "" || !/^[1-9]\d*$/.test(length)) throw new SlackRefusal("invalid_arguments");
    const { workspace } = backend;
    const id = workspace.newId("F");
    const path = uploadAddress(id);
    workspace.uploads.set(id, { path, name, length: Number(length) });
    return { upload_url: workspace.fileOrigin + path, file_id: id };
  },
};

const completed = z
  .array(z.strictObject({ id: z.string(), title: z.string().optional() }))
  .min(1)
  .max(10);

/** docs.slack.dev/reference/methods/files.completeUploadExternal. Without a channel the file is the bot's alone. */
const completeUpload: Method = {
  token: "bot",
  params: ["files"],
  run: (backend, params) => {
    needScope(backend, "files:write");
    const files = completed.safeParse(jsonParam(params, "files", "invalid_arguments"));
    if (!files.success) throw new SlackRefusal("invalid_arguments");
    return { files: files.data.map(({ id, title }) => complete(backend, id, title)) };
  },
};

function complete({ workspace, now }: Backend, id: string, title: string | undefined) {
  const upload = workspace.uploads.get(id);
  if (!upload) throw new SlackRefusal("file_not_found");
  const { bytes, length, name } = upload;
  // Slack's own words for bytes that did not come as announced are not documented.
  if (bytes?.length !== length) throw new SlackRefusal("invalid_arguments");
  workspace.uploads.delete(id);
  const mimetype = imageTypeOf(bytes) ?? "application/octet-stream";
  const readyAt = now() + workspace.fileReadyMs;
  const added = { name, mimetype, size: length, bytes, byBot: true, readyAt } as const;
  const file = workspace.addFile({ ...added, at: "here" }, id);
  return { ...fileJson(file, true), title: title ?? name };
}

export const fileMethods: Readonly<Record<string, Method>> = {
  "files.info": info,
  "files.getUploadURLExternal": getUploadUrl,
  "files.completeUploadExternal": completeUpload,
};

/**
 * Whether a block may show a file: an image that the bot may read, and that Slack has processed.
 * docs.slack.dev/reference/block-kit/composition-objects/slack-file-object
 */
export function isShowable({ workspace, now }: Backend, id: string): boolean {
  const file = workspace.files.get(id);
  if (!file || (!file.byBot && !workspace.isShared(id))) return false;
  return /^image\/(png|jpeg|gif)$/.test(file.mimetype) && (file.readyAt ?? 0) <= now();
}

const MAGIC = [
  ["image/png", /^89504e47/],
  ["image/jpeg", /^ffd8ff/],
  ["image/gif", /^47494638/],
  ["image/webp", /^52494646.{8}57454250/],
] as const;

function imageTypeOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString("hex");
  return MAGIC.find(([, magic]) => magic.test(start))?.[0];
}

/** Of a file that is not visible, Slack gives only the id. docs.slack.dev/reference/objects/file-object */
export function fileJson(
  { id, name, mimetype, size, address }: SharedFile,
  isVisible: boolean,
): Record<string, unknown> {
  if (!isVisible) {
    const unknown = { created: 0, timestamp: 0, user: "" };
    return { id, mode: "file_access", file_access: "check_file_info", ...unknown };
  }
  const place = `https://playground.slack.com/files/${id}`;
  const [url, download] = address ? [`${address}/${name}`, `${address}/download/${name}`] : [];
  return {
    ...{ id, name, title: name, mimetype, size, mode: "hosted", file_access: "visible" },
    ...{ permalink: place, url_private: url ?? `${place}/private` },
    ...(download !== undefined && { url_private_download: download }),
  };
}
