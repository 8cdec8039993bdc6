import { CommanderError } from "commander";
import { UnreadableSettings } from "../../../bridges/config/env_files.ts";
import { CommandError } from "../command_error.ts";
import { buildCommandLine } from "./command_line.ts";

/* `npm run setup`: sets up a deployment, its keys and the settings. Safe to run again at any time. */

try {
  await buildCommandLine((line) => console.log(line)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof CommandError || error instanceof UnreadableSettings) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  } else throw error;
}
