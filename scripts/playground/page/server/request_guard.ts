import type { IncomingMessage } from "node:http";

/*
 * The page's server hands out an admin token and takes orders, so it answers its own page only. Binding to loopback
 * keeps other machines out; these two checks keep out the other pages in this machine's browser: `Host`, against a
 * stranger's name made to resolve to 127.0.0.1, and `Origin`, against requests another page sends here.
 */

/** Why a request is refused, or undefined when it is the page's own. `fromPage`: it must say that it is. */
export function refusalOf(
  { headers }: Pick<IncomingMessage, "headers">,
  port: number,
  fromPage: boolean,
): string | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? "")) return "this server is known by another name";
  const { origin } = headers;
  if (origin === undefined) return fromPage ? "only the page itself may ask this" : undefined;
  return hosts.some((host) => origin === `http://${host}`) ? undefined : "another page sent this";
}
