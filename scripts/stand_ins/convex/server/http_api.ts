import type { IncomingMessage, ServerResponse } from "node:http";
import { parseStrictly } from "../functions/well_formed.ts";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { answerStorage, isForStorage } from "./storage_api.ts";
import { answerSite, isForSite } from "./site_api.ts";
import { type Caller, RefusedToken } from "../functions/auth.ts";
import type { Outcome } from "../functions/outcome.ts";
import type { SyncBackend } from "../sync/sync_session.ts";
import { encodeTs, vJson } from "../sync/sync_protocol.ts";

const vBody = z.object({
  path: z.string(),
  args: z.union([
    z
      .array(vJson)
      .max(1)
      .transform(([args]) => args ?? {}),
    vJson,
  ]),
  format: z.enum(["json", "convex_encoded_json"]).optional(),
});

const vRoute = z.enum(["query", "mutation", "action", "query_ts", "query_at_ts"]);

const maximalBody = 16 * 1024 * 1024;

/**
 * Serves `ConvexHttpClient`: /api/query, /api/mutation, /api/action and the timestamp for consistent queries. Also serves
 * /version, which identifies a deployment, files, and HTTP actions.
 */
export async function answerHttp(
  backend: SyncBackend,
  request: IncomingMessage,
  response: ServerResponse,
  log: (line: string) => void,
): Promise<void> {
  if (isForSite(request)) {
    await delay(backend.faults.delayMs);
    await answerSite(backend.deployment, request, response, log);
    return;
  }
  if (isForStorage(request)) {
    await delay(backend.faults.delayMs);
    await answerStorage(backend.deployment.storage, request, response);
    return;
  }
  const reply = (status: number, body: unknown) => {
    setTimeout(() => {
      if (response.destroyed) return;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    }, backend.faults.delayMs);
  };
  if (request.method === "GET" && request.url === "/version") {
    reply(200, "local");
    return;
  }
  const route = vRoute.safeParse(request.url?.replace(/^\/api\//, "")).data;
  if (request.method !== "POST" || !route) {
    reply(404, { code: "NotFound", message: "The local deployment has no such address" });
    return;
  }
  try {
    const text = await readBody(request);
    if (route === "query_ts") {
      reply(200, { ts: encodeTs(backend.deployment.lastCommit()) });
      return;
    }
    const body = vBody.safeParse(parseStrictly(text));
    if (!body.success) {
      reply(400, { code: "BadJsonBody", message: body.error.message });
      return;
    }
    const caller = await callerOf(backend, request.headers.authorization);
    // A query at a timestamp is answered from the newest state, which includes that of the timestamp.
    const type = route === "query_at_ts" ? "query" : route;
    const fault = type === "mutation" ? backend.faults.nextMutation(body.data.path) : undefined;
    if (fault === "lostBefore") return void request.socket.destroy();
    if (fault === "contention") {
      reply(503, { code: "OptimisticConcurrencyControlFailure", message: "Too much contention" });
      return;
    }
    const outcome = await backend.deployment.run({
      type,
      path: body.data.path,
      args: body.data.args,
      caller,
      kind: type,
      abortOnce: fault === "rerun",
    });
    if (fault === "lostAfter") return void request.socket.destroy();
    if (typeof fault === "object") await delay(fault.answerAfterMs);
    reply(200, bodyOf(outcome));
  } catch (error) {
    if (error instanceof RefusedToken) reply(401, { code: error.code, message: error.message });
    else if (error instanceof SyntaxError) reply(400, { code: "BadJsonBody", message: "not JSON" });
    else throw error;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array); // No encoding is set, so chunks are bytes.
    size += bytes.length;
    if (size > maximalBody) throw new SyntaxError("too large");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function callerOf(
  { deployment }: SyncBackend,
  header: string | undefined,
): Promise<Caller | undefined> {
  if (header === undefined) return undefined;
  const token = /^bearer (.+)$/i.exec(header)?.[1];
  if (token === undefined) {
    throw new RefusedToken("InvalidAuthHeader", "Header must begin with `bearer `");
  }
  return deployment.verify(token.trim());
}

function bodyOf(outcome: Outcome): unknown {
  if (outcome.success) return { status: "success", value: outcome.value, logLines: [] };
  const data = outcome.data === undefined ? {} : { errorData: outcome.data };
  return { status: "error", errorMessage: outcome.message, ...data, logLines: [] };
}
