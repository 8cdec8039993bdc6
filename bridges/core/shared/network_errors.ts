const CONNECT_ERRORS: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether an error's code says that no connection was made, so the request was certainly not sent. */
export function isConnectError(code: unknown): boolean {
  return CONNECT_ERRORS.has(code);
}
