import type { IncomingMessage, ServerResponse } from "node:http";
import { type FileStorage, sha256Of } from "../functions/file_storage.ts";

const PREFIX = "/api/storage/";
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Whether a request is for a file's bytes, which `answerStorage` answers. */
export function isForStorage({ url = "" }: IncomingMessage): boolean {
  return url.startsWith(PREFIX);
}

/** Serves the addresses that `storage.generateUploadUrl` and `storage.getUrl` give. */
export async function answerStorage(
  storage: FileStorage,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const name = pathname.slice(PREFIX.length);
  const refuse = (status: number, code: string, message: string): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ code, message }));
  };
  if (name === "upload") {
    if (request.method !== "POST") {
      refuse(405, "MethodNotAllowed", "upload with POST");
      return;
    }
    const bytes = await bytesOf(request);
    if (!storage.mayUpload(searchParams.get("token") ?? "")) {
      refuse(401, "StorageTokenInvalid", "the upload address is unknown or has ended");
      return;
    }
    const digest = /^sha-256=(.+)$/i.exec(String(request.headers.digest ?? ""))?.[1];
    if (digest !== undefined && digest !== sha256Of(bytes)) {
      refuse(400, "BadDigest", "the bytes have another sha-256 than the header says");
      return;
    }
    const storageId = await storage.store(bytes, request.headers["content-type"]);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ storageId }));
    return;
  }
  if (request.method !== "GET") {
    refuse(405, "MethodNotAllowed", "files are read with GET");
    return;
  }
  if (!UUID.test(name)) {
    refuse(400, "InvalidStoragePath", "not an address of storage.getUrl");
    return;
  }
  const file = await storage.read(name);
  if (!file) {
    refuse(404, "FileNotFound", "the file is gone");
    return;
  }
  response.writeHead(200, {
    "content-length": file.bytes.length,
    "cache-control": "private, max-age=2592000",
    digest: `sha-256=${file.sha256}`,
    ...(file.contentType !== undefined && { "content-type": file.contentType }),
  });
  response.end(file.bytes);
}

/** The body of a request. */
export async function bytesOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array)); // No encoding is set.
  return new Uint8Array(Buffer.concat(chunks));
}
