import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBytes } from "../../wire.ts";
import type { Backend } from "../web_api/method.ts";

/** The names of its requests in the wire log. */
const DOWNLOAD = "GET files-pri";
const UPLOAD = "POST upload";

const LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head></html>";

/** Where a file may be uploaded: an address that needs no token. */
export function uploadAddress(fileId: string): string {
  return `/upload/v1/${fileId}.${randomUUID()}`;
}

/**
 * Serves files to who has a token with the scope for it. Anyone else is sent to the login page, which answers 200. Takes
 * uploads. https://docs.slack.dev/reference/objects/file-object#authentication
 */
export function fileServer(
  backend: Backend,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://stand-in");
    if (pathname === "/") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(LOGIN_PAGE);
      return true;
    }
    if (request.method === "GET" && pathname.startsWith("/files-pri/")) {
      download(backend, request, response, pathname);
      return true;
    }
    if (request.method !== "POST" || !pathname.startsWith("/upload/v1/")) return false;
    upload(backend, pathname, await readBytes(request), response);
    return true;
  };
}

function download(
  backend: Backend,
  { headers }: IncomingMessage,
  response: ServerResponse,
  pathname: string,
): void {
  const { workspace, botToken, scopes, wire } = backend;
  const fault = wire.request(DOWNLOAD);
  if (fault === "hang" || fault === "hangAfterAccept") return;
  const file = workspace.files.get(/^\/files-pri\/T\w*-(F\w+)\//.exec(pathname)?.[1] ?? "");
  const mayRead = headers.authorization === `Bearer ${botToken}` && scopes.includes("files:read");
  const { bytes, mimetype, redirect } = file ?? {};
  const status = typeof fault === "number" ? fault : !mayRead || redirect ? 302 : bytes ? 200 : 404;
  wire.answer(DOWNLOAD, status, () => {
    const location = mayRead && redirect ? redirect : `/?redir=${encodeURIComponent(pathname)}`;
    if (status === 302) response.writeHead(302, { location }).end();
    else if (status !== 200 || !bytes) response.writeHead(status).end();
    else response.writeHead(200, { "content-type": mimetype }).end(bytes);
  });
}

/** The address works once. Slack does not check the length until the upload is completed. */
function upload(
  { workspace, wire }: Backend,
  pathname: string,
  bytes: Buffer<ArrayBuffer>,
  response: ServerResponse,
): void {
  const fault = wire.request(UPLOAD);
  if (fault === "hang") return;
  const pending = [...workspace.uploads.values()].find(({ path }) => path === pathname);
  const status = typeof fault === "number" ? fault : pending && !pending.bytes ? 200 : 404;
  if (pending && status === 200) pending.bytes = Uint8Array.from(bytes);
  if (fault === "hangAfterAccept") return;
  wire.answer(UPLOAD, status, () => {
    response.writeHead(status).end(status === 200 ? `OK - ${bytes.length}` : "");
  });
}
