/** A command that was valid but could not be carried out. The script prints the message and exits with code 1. */
export class CommandError extends Error {
  /** `code` is the backend's error code if the backend refused the command. */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "CommandError";
  }
}
