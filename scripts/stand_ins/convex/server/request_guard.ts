import type { IncomingMessage } from "node:http";

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Whether a request may come in. A real deployment serves every web page; this one is on a developer's machine, where any
 * page open in the browser could reach it. `Host` prevents DNS rebinding; programs other than browsers send no `Origin`.
 */
export function isAllowed(
  { headers }: Pick<IncomingMessage, "headers">,
  origins: ReadonlySet<string>,
): boolean {
  const { host = "", origin } = headers;
  const isLocal = LOOPBACK.includes(host.replace(/:\d+$/, ""));
  return isLocal && (origin === undefined || origins.has(origin));
}
