import { Command, CommanderError } from "commander";
import { readEnv } from "../../../bridges/config/config.ts";
import { readEnvFiles, REPOSITORY, UnreadableSettings } from "../../../bridges/config/env_files.ts";
import { checkNamed, exitCode, type Finding, formatFinding } from "./finding.ts";
import { toJson } from "../strip_controls.ts";
import { findPlayground } from "../channels/find_playground.ts";
import type { RunningPlayground } from "../../playground/running_playground.ts";
import { runChecks } from "./run_checks.ts";

/* `npm run doctor`: finds what is wrong and prints how to fix it. Changes nothing. */

const program = new Command("doctor")
  .description(
    "Checks settings, Convex, Discord and Slack, and prints how to fix each problem, in the order in which to fix them.",
  )
  .option("--json", "print the findings as JSON (run with `npm run --silent` to print only JSON)")
  .option("--ask", "also send the AI service a tiny request, which costs a fraction of a cent")
  .addHelpText(
    "after",
    "\nExit codes: 0 no problems, 1 something does not work, 2 wrong usage, 3 warnings only.",
  )
  .exitOverride();

try {
  const { json, ask } = program.parse().opts<{ json?: true; ask?: true }>();
  const onFinding = (finding: Finding) => {
    if (!json) console.log(formatFinding(finding));
  };
  const findings = await readSettingsAndCheck(ask === true, onFinding);
  const code = exitCode(findings);
  if (json) console.log(toJson({ exitCode: code, findings }, 2));
  process.exitCode = code;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

async function readSettingsAndCheck(
  ask: boolean,
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> {
  let sources;
  try {
    sources = { shell: readEnv(undefined, {}), files: readEnvFiles(), root: REPOSITORY };
  } catch (error) {
    if (!(error instanceof UnreadableSettings)) throw error;
    const { file, problem, step } = error;
    const finding = checkNamed("Settings").error(`${file} ${problem}`, step);
    onFinding(finding);
    return [finding];
  }
  const env = readEnv(sources.shell, sources.files);
  const playground = await findPlayground(() => {});
  if (playground) onFinding(besidePlayground(playground));
  return await runChecks({ env, sources, nodeVersion: process.versions.node, ask, onFinding });
}

/** Says what the rest looks at, to who expects it to be the playground that runs. */
function besidePlayground({ convexUrl }: RunningPlayground): Finding {
  return checkNamed("Playground").skipped(
    `the one at ${convexUrl} is not checked: it needs no settings. What follows is about a deployment of your own`,
  );
}
