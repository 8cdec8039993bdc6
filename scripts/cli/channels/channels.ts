import { CommanderError } from "commander";
import { UnreadableSettings } from "../../../bridges/config/env_files.ts";
import { CommandError } from "../command_error.ts";
import { stripLines, toJson } from "../strip_controls.ts";
import { buildCommandLine } from "./command_line.ts";

/* `npm run channels -- <verb>`: the admin script. Prints results to stdout, errors to stderr. */

try {
  await buildCommandLine((text) => console.log(text)).parseAsync();
} catch (error) {
  process.exitCode = printError(error);
}

/** Returns the exit code. Rethrows unexpected errors. */
function printError(error: unknown): number {
  // commander has already printed its message, or the requested help (exit code 0).
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof CommandError || error instanceof UnreadableSettings)) throw error;
  const { message } = error;
  const code = error instanceof CommandError ? error.code : "BAD_CONFIG";
  const json = process.argv.includes("--json");
  console.error(json ? toJson({ error: { code, message } }) : stripLines(`error: ${message}`));
  return 1;
}
