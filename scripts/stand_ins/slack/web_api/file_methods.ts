import type { SharedFile } from "../workspace/workspace.ts";
import { type Method, needScope } from "./method.ts";
import { textParam } from "./params.ts";
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

export const fileMethods: Readonly<Record<string, Method>> = { "files.info": info };

/** Of a file that is not visible, Slack gives only the id. docs.slack.dev/reference/objects/file-object */
export function fileJson(
  { id, name, mimetype, size }: SharedFile,
  isVisible: boolean,
): Record<string, unknown> {
  if (!isVisible) {
    const unknown = { created: 0, timestamp: 0, user: "" };
    return { id, mode: "file_access", file_access: "check_file_info", ...unknown };
  }
  const place = `https://playground.slack.com/files/${id}`;
  return {
    ...{ id, name, title: name, mimetype, size, mode: "hosted", file_access: "visible" },
    ...{ permalink: place, url_private: `${place}/private` },
  };
}
