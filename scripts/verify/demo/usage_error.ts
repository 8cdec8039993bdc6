/** The command was called in a way it can't work with; the message says what to do. */
export class UsageError extends Error {}
