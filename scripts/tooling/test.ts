import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { isEdited } from "./as_it_came.ts";
import { ROOT } from "./repository.ts";

/*
 * `npm test`: runs the tests, and at the same time lint, types and format, because many tests wait more than they
 * compute. All of them run, even after a failure. The last line counts the tests, and each other check as one.
 * `npm test -- bridges/core` runs only the tests under that path.
 */

interface Check {
  readonly name: string;
  /** A program of node_modules, and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
}

/** On one thread: several threads check the same types again, and the tests need the other core. */
const types = (project: string): Check["command"] => [
  "@typescript/native/bin/tsc",
  "--singleThreaded",
  "-p",
  project,
];

/** They run one after another, at the same time as the tests. */
const checks: readonly Check[] = [
  { name: "types", command: types("tsconfig.json") },
  { name: "types of convex/", command: types("convex/tsconfig.json") },
  { name: "types of the page", command: types("scripts/playground/page/app/tsconfig.json") },
  { name: "unused code", command: ["knip/bin/knip.js", "--no-progress"] },
  { name: "lint", command: ["eslint/bin/eslint.js", "."] },
  { name: "format", command: ["prettier/bin/prettier.cjs", "--check", "."] },
];

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const vReport = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
});

async function main(filters: string[]): Promise<void> {
  if (!existsSync(join(ROOT, "node_modules", "vitest"))) {
    console.error("The development packages are not installed: run `npm install`.");
    process.exit(1);
  }
  const [tests, others] = await Promise.all([
    runTests(filters),
    runChecks(filters.length === 0 ? checks : []),
  ]);
  const passed = tests.passed + others.passed;
  const failed = tests.failed + others.failed;
  if (failed > 0 && (await isEdited(join(ROOT, "convex", "answer.ts"))))
    console.log(
      "convex/answer.ts is your own, and many tests expect the answers of the one it came with.",
    );
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function runChecks(wanted: readonly Check[]): Promise<Count> {
  let [passed, failed] = [0, 0];
  for (const check of wanted) {
    if (await runCheck(check)) passed += 1;
    else failed += 1;
  }
  return { passed, failed };
}

/** Runs a check and prints its output in one piece if it fails. Returns whether it passed. */
async function runCheck({ name, command }: Check): Promise<boolean> {
  const start = performance.now();
  console.log(`${name} …`);
  const { exitCode, output } = await runQuietly(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (exitCode !== 0) process.stdout.write(output);
  console.log(`${name}: ${exitCode === 0 ? "ok" : "FAILED"} (${seconds} s)`);
  return exitCode === 0;
}

/** Runs the tests and counts them from the JSON report. */
async function runTests(filters: string[]): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), "bridge-tests-"));
  const file = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const exitCode = await run(["vitest/vitest.mjs", "run", ...reporters, ...filters]);
    if (!existsSync(file)) return { passed: 0, failed: 1 };
    const report = vReport.parse(JSON.parse(await readFile(file, "utf8")));
    const passed = report.numPassedTests;
    const failed = report.numFailedTests;
    // A file that does not load, or an error outside of a test, counts as one failure.
    return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(command: Check["command"]): Promise<number> {
  return ended(start(command, "inherit"));
}

async function runQuietly(
  command: Check["command"],
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const child = start(command, "pipe");
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  return { exitCode: await ended(child), output };
}

function start([program, ...args]: Check["command"], output: "inherit" | "pipe"): ChildProcess {
  return spawn(process.execPath, [join(ROOT, "node_modules", program), ...args], {
    cwd: ROOT,
    stdio: ["ignore", output, output],
  });
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

await main(process.argv.slice(2));
