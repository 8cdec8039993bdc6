import { CommanderError } from "commander";
import { UnreadableSettings } from "../../../bridges/config/env_files.ts";
import { CommandError } from "../command_error.ts";
import { buildCommandLine } from "./command_line.ts";

/* `npm run channels -- <verb>`: the admin script. Prints answers to stdout, errors to stderr. */

try {
  await buildCommandLine((text) => console.log(text)).parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Says what went wrong, and returns the exit code for it. */
function explain(error: unknown): number {
  // commander has printed its message, or the help that was asked for (exit code 0).
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isKnown = error instanceof CommandError || error instanceof UnreadableSettings;
  if (!isKnown) throw error;
  const json = process.argv.includes("--json");
  const { message } = error;
  const code = error instanceof CommandError ? error.code : "BAD_CONFIG";
  console.error(json ? JSON.stringify({ error: { code, message } }) : `error: ${message}`);
  return 1;
}
