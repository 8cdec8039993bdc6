import type { IncomingMessage, ServerResponse } from "node:http";
import { RefusedToken } from "../functions/auth.ts";
import type { Deployment } from "../functions/deployment.ts";
import { bytesOf } from "./storage_api.ts";

/** Where HTTP actions are served, as by a self-hosted backend: its other address, a port of its own, leads here too. */
export const SITE_PATH = "/http";

/** The largest response, in bytes. https://docs.convex.dev/functions/http-actions#limits */
const MOST_BYTES = 20 * 1024 * 1024;

const WITHOUT_BODY = ["GET", "HEAD", "OPTIONS"];

/** Whether a request is for an HTTP action, which `answerSite` answers. */
export function isForSite({ url = "" }: IncomingMessage): boolean {
  return url.startsWith(`${SITE_PATH}/`);
}

/** Has an HTTP action answer. What is over the limit of a response is left out, and breaks the connection. */
export async function answerSite(
  deployment: Deployment,
  request: IncomingMessage,
  response: ServerResponse,
  log: (line: string) => void,
): Promise<void> {
  const { method = "GET", headers, url = "" } = request;
  if (method === "TRACE") return void response.writeHead(405).end();
  const own = Object.entries(headers).flatMap(([name, value = []]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  const asked = new Request(`http://${headers.host ?? ""}${url.slice(SITE_PATH.length)}`, {
    method,
    headers: own,
    ...(!WITHOUT_BODY.includes(method) && { body: await bytesOf(request) }),
  });
  const answer = await deployment.fetch(asked, await callerOf(deployment, headers.authorization));
  const body = new Uint8Array(await answer.arrayBuffer());
  const cookies = answer.headers.getSetCookie();
  response.writeHead(answer.status, {
    ...Object.fromEntries(answer.headers),
    ...(cookies.length > 0 && { "set-cookie": cookies }),
    "content-length": body.length,
  });
  if (body.length <= MOST_BYTES) return void response.end(body);
  log("HttpResponseTooLarge: HTTP actions support responses up to 20 MiB");
  response.write(body.subarray(0, MOST_BYTES), () => response.destroy());
}

/** The header may also be something of the app's own, so it refuses no request. */
async function callerOf(deployment: Deployment, authorization = "") {
  const token = /^bearer (.+)$/i.exec(authorization)?.[1];
  if (token === undefined) return undefined;
  try {
    return await deployment.verify(token.trim());
  } catch (error) {
    if (error instanceof RefusedToken) return error;
    throw error;
  }
}
