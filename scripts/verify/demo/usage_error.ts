/** The command was called with wrong arguments. The message says what to change. */
export class UsageError extends Error {}
