import type { IncomingMessage } from "node:http";

/*
 * The page's server issues admin tokens and executes commands, so it answers only its own page. Listening on loopback keeps
 * other machines out. Two checks keep out other pages in this machine's browser: `Host` prevents DNS rebinding, and
 * `Origin` prevents cross-origin requests.
 */

/** Why a request is refused; undefined if it is allowed. `fromPage`: the request must have the page's `Origin`. */
export function refusalOf(
  { headers }: Pick<IncomingMessage, "headers">,
  port: number,
  fromPage: boolean,
): string | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? "")) return "unexpected Host header";
  const { origin } = headers;
  if (origin === undefined)
    return fromPage ? "only the playground's page may request this" : undefined;
  return hosts.some((host) => origin === `http://${host}`) ? undefined : "unexpected Origin header";
}
