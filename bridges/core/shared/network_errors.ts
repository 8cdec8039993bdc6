const CONNECT_ERRORS: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether an error's code says that no connection ever stood: nothing was sent, so nothing was carried out. */
export function isConnectError(code: unknown): boolean {
  return CONNECT_ERRORS.has(code);
}
