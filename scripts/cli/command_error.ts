/** The command was understood and could not be carried out. Ends the script with exit code 1. */
export class CommandError extends Error {
  /** `code` is the backend's own where it gave one. */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "CommandError";
  }
}
