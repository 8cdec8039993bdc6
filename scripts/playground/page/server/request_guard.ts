import type { IncomingMessage } from "node:http";

/*
 * The page's server issues admin tokens and executes commands, so it answers only its own page. Listening on loopback keeps
 * other machines out. Two checks keep out other pages in this machine's browser: `Host` prevents DNS rebinding, and
 * `Origin` prevents cross-origin requests.
 */

/**
 * Why a request is refused; undefined if it is allowed. `fromPage`: the request must have the page's `Origin`.
 * `pagePort`: where the page is served, if not here.
 */
export function refusalOf(
  { headers }: Pick<IncomingMessage, "headers">,
  port: number,
  fromPage: boolean,
  pagePort = port,
): string | undefined {
  if (!hostsAt(port).includes(headers.host ?? "")) return "unexpected Host header";
  const { origin } = headers;
  if (origin === undefined)
    return fromPage ? "only the playground's page may request this" : undefined;
  return originsAt(pagePort).includes(origin) ? undefined : "unexpected Origin header";
}

/** The origins of pages on this machine that are served at a port. */
export function originsAt(port: number): string[] {
  return hostsAt(port).map((host) => `http://${host}`);
}

function hostsAt(port: number): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`];
}
