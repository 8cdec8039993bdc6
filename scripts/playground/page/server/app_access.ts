import type { IncomingMessage, ServerResponse } from "node:http";
import type { PageOptions } from "./page_server.ts";
import { refusalOf } from "./request_guard.ts";

/** Where docs/apps.md serves a developer's own app. Pages at this port may use the playground as a person does. */
export const APP_PORT = 5180;

/** Who signs in to the developer's own app. */
export const APP_PERSON = "Ann";

/** How that app connects: the deployment's address and a new token for its person, as JSON. */
export async function answerApp(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  { convexUrl, appToken }: Pick<PageOptions, "convexUrl" | "appToken">,
): Promise<void> {
  const refusal = refusalOf(request, port, true, APP_PORT);
  if (refusal !== undefined) return void response.writeHead(403).end(refusal);
  if (request.method !== "GET") return void response.writeHead(404).end();
  response.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "no-store",
    "access-control-allow-origin": request.headers.origin ?? "",
    vary: "origin",
  });
  response.end(JSON.stringify({ convexUrl, token: await appToken() }));
}
