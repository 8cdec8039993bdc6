import type { Command } from "commander";
import { stripLines, toJson } from "../strip_controls.ts";
import type { Deployment } from "./deployment.ts";
import type { Note } from "./find_playground.ts";
import type { Result } from "./verbs.ts";

/* How each verb of the admin script is declared, run and printed. */

export const script = "npm run channels --";
export const exitCodes = "\nExit codes: 0 done, 1 refused or failed, 2 wrong usage.";

/** The flags that every verb has. */
export interface Common {
  readonly json?: true;
}

export type Print = (text: string) => void;
type Verb = (verbs: typeof import("./verbs.ts"), deployment: Deployment) => Promise<Result>;

/** Declares a verb, with examples in its help. */
export function addVerb(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const lines = examples.map((example) => `  ${script} ${example}`);
  return program
    .command(name)
    .description(description)
    .option("--json", "print the result as JSON (run with `npm run --silent` to print only JSON)")
    .addHelpText("after", `\nExamples:\n${lines.join("\n")}\n${exitCodes}`)
    .showHelpAfterError(`\nExamples:\n${lines.join("\n")}\nHelp: ${script} ${name} --help`);
}

/** Runs a verb on the deployment and prints its result. */
export async function run(print: Print, flags: Common, verb: Verb): Promise<void> {
  // Imported only now, so that help and usage errors appear at once.
  const { connect } = await import("./deployment.ts");
  printResult(print, flags, await verb(await import("./verbs.ts"), await connect(noteFor(flags))));
}

const notes = new Set<string>();

/** Prints a note once, beside the result. With `--json` standard error holds only errors. */
export function noteFor({ json }: Common): Note {
  return (line) => {
    if (json !== true && !notes.has(line)) console.error(line);
    notes.add(line);
  };
}

/** Prints a verb's result. */
export function printResult(print: Print, { json }: Common, { data, text }: Result): void {
  print(json ? toJson(data, 2) : stripLines(text));
}
