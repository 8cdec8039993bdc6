import type { IncomingMessage, ServerResponse } from "node:http";
import type { PageOptions } from "./page_server.ts";
import { refusalOf } from "./request_guard.ts";

/** How a developer's own app uses the playground. */
export interface AppAccess {
  /** Pages served at this port of this machine may, as a person does. */
  readonly port: number;
  /** A new token for that person. */
  readonly token: () => Promise<string>;
}

/** Where docs/apps.md serves it. */
export const APP_PORT = 5180;

/** Who signs in to it. */
export const APP_PERSON = "Ann";

/**
 * How that app connects: the deployment's two addresses and a new token for its person, as JSON. The playground's own page asks
 * with POST, with which browsers send the origin to the same one too.
 */
export async function answerApp(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  { convexUrl, siteUrl, app }: Pick<PageOptions, "convexUrl" | "siteUrl" | "app">,
): Promise<void> {
  const isOwn = request.method === "POST";
  const refusal = refusalOf(request, port, true, isOwn ? port : app.port);
  if (refusal !== undefined) return void response.writeHead(403).end(refusal);
  if (request.method !== "GET" && !isOwn) return void response.writeHead(404).end();
  response.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "access-control-allow-origin": request.headers.origin ?? "",
    vary: "origin",
  });
  response.end(JSON.stringify({ convexUrl, siteUrl, token: await app.token() }));
}
