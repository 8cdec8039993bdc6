import { internal } from "../../_generated/api.js";
import type { ActionCtx } from "../../_generated/server.js";
import { describingHeaders } from "./file_headers.ts";

/** For pages of every origin: a browser adds no token by itself, so no page can read as somebody else. */
const CORS = { "access-control-allow-origin": "*" };

/** Every read asks for the right anew, so no cache may keep the bytes or a refusal. */
const UNCACHED = { ...CORS, "cache-control": "private, no-store" };

/**
 * Serves a file to who may read its channel. One answer, 404, for all that can't be had: unknown, deleted, too large, or
 * not for the caller. What Convex does not accept as a token is nobody's.
 */
export async function serveFile(ctx: ActionCtx, request: Request): Promise<Response> {
  const [, id = ""] = /^\/files\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
  const file = await ctx.runQuery(internal.apps.readableFile, { id });
  const blob = file && (await ctx.storage.get(file.storageId));
  if (!blob)
    return new Response("Not found", {
      status: 404,
      headers: { ...UNCACHED, "content-type": "text/plain" },
    });
  return new Response(blob, { headers: { ...UNCACHED, ...describingHeaders(file) } });
}

/**
 * What a browser asks before it sends a token to another origin. `*` would not allow `Authorization`.
 * https://fetch.spec.whatwg.org/#cors-preflight-fetch
 */
export function answerPreflight(): Promise<Response> {
  const headers = {
    ...CORS,
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "Authorization",
    "access-control-max-age": "86400",
  };
  return Promise.resolve(new Response(null, { status: 204, headers }));
}
