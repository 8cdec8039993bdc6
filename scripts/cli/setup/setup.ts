import { CommanderError } from "commander";
import { UnreadableSettings } from "../../../bridges/config/env_files.ts";
import { Failure } from "../channels/failure.ts";
import { makeProgram } from "./program.ts";

/* `npm run setup`: from tokens to a configured deployment. Can be run again at any time. */

try {
  await makeProgram((line) => console.log(line)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof Failure || error instanceof UnreadableSettings) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  } else throw error;
}
