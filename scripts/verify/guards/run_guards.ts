import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { z } from "zod";
import { type Counts, type Finding, findingOf, type GuardPatch, readPatch } from "./patch.ts";

export interface GuardsOptions {
  readonly root: string;
  /** Runs only guards whose name contains this. */
  readonly only?: string;
  readonly print: (line: string) => void;
}

const LEFT_OUT = new Set(["node_modules", ".git", "dist"]);

/** Removes each guard in a copy of the tree. Returns whether the test of each one fails without it. */
export async function runGuards({ root, only = "", print }: GuardsOptions): Promise<boolean> {
  const patches = (await readPatches(root)).filter(({ guard }) => guard.includes(only));
  if (patches.length === 0) {
    print(`guards failed: no name of a patch in test/guards contains ${JSON.stringify(only)}`);
    return false;
  }
  const copy = await copyOf(root);
  const findings: (readonly [string, Finding | "does not apply"])[] = [];
  try {
    for (const patch of patches) {
      const finding = await tryOut(copy, join(root, patch.file), patch);
      findings.push([patch.guard, finding]);
      print(
        `${patch.guard.padEnd(26)} ${finding.padEnd(14)} ${patch.testFile} > ${patch.testName}`,
      );
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  const missed = findings.filter(([, finding]) => finding !== "caught");
  const caught = `${(findings.length - missed.length).toString()} of ${findings.length.toString()}`;
  print(`guards ${missed.length === 0 ? "ok" : "failed"}: ${caught} caught`);
  return missed.length === 0;
}

async function readPatches(root: string): Promise<GuardPatch[]> {
  const folder = join(root, "test", "guards");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".patch")).sort();
  return await Promise.all(
    files.map(async (name) =>
      readPatch(relative(root, join(folder, name)), await readFile(join(folder, name), "utf8")),
    ),
  );
}

async function copyOf(root: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "bridge-guards-"));
  await cp(root, copy, {
    recursive: true,
    filter: (source) => !LEFT_OUT.has(relative(root, source).split("/")[0] ?? ""),
  });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

async function tryOut(
  copy: string,
  patchFile: string,
  patch: GuardPatch,
): Promise<Finding | "does not apply"> {
  const whole = await runTest(copy, patch);
  if ((await run("git", ["apply", patchFile], copy)) !== 0) return "does not apply";
  const patched = await runTest(copy, patch);
  await run("git", ["apply", "--reverse", patchFile], copy);
  return findingOf(whole, patched);
}

const vReport = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });

async function runTest(copy: string, { testFile, testName }: GuardPatch): Promise<Counts> {
  const file = join(copy, "guard_report.json");
  await rm(file, { force: true });
  const vitest = join(copy, "node_modules", "vitest", "vitest.mjs");
  const name = testName.split(" > ").at(-1) ?? testName;
  const exact = `${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
  const reporters = ["--reporter=json", `--outputFile=${file}`];
  await run(process.execPath, [vitest, "run", testFile, "-t", exact, ...reporters], copy);
  try {
    const report = vReport.parse(JSON.parse(await readFile(file, "utf8")));
    return { passed: report.numPassedTests, failed: report.numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

function run(program: string, args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: "ignore" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
