import { Command, CommanderError } from "commander";
import { readEnv } from "../../../bridges/config/config.ts";
import { UnreadableSettings } from "../../../bridges/config/env_files.ts";
import { runChecks } from "./run_checks.ts";
import { checkNamed, exitCode, type Finding, formatFinding } from "./finding.ts";

/* `npm run doctor`: what is wrong, and the step that mends it. Changes nothing. */

const program = new Command("doctor")
  .description(
    "Checks settings, Convex, Discord and Slack, in the order in which to mend what is wrong.",
  )
  .option("--json", "print the findings as JSON (with `npm run --silent`, nothing else)")
  .option("--ask", "also ask the AI service something tiny, which costs a fraction of a cent")
  .addHelpText(
    "after",
    "\nExit codes: 0 all is well, 1 something does not work, 2 wrong usage, 3 warnings only.",
  )
  .exitOverride();

try {
  const { json, ask } = program.parse().opts<{ json?: true; ask?: true }>();
  const onFinding = (finding: Finding) => {
    if (!json) console.log(formatFinding(finding));
  };
  const findings = await findAll(ask === true, onFinding);
  const code = exitCode(findings);
  if (json) console.log(JSON.stringify({ exitCode: code, findings }, undefined, 2));
  // Clients that were asked may keep a socket for a while.
  process.exitCode = code;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

async function findAll(ask: boolean, onFinding: (finding: Finding) => void): Promise<Finding[]> {
  let env;
  try {
    env = readEnv();
  } catch (error) {
    if (!(error instanceof UnreadableSettings)) throw error;
    const { file, problem, step } = error;
    const finding = checkNamed("Settings").error(`${file} ${problem}`, step);
    onFinding(finding);
    return [finding];
  }
  return await runChecks({ env, nodeVersion: process.versions.node, ask, onFinding });
}
