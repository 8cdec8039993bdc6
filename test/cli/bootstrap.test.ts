import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "../../scripts/tooling/repository.ts";

const tsx = { version: "4.0.0" };
const vitest = { version: "4.0.0", dev: true };
const optionalPackage = { version: "1.0.0", optional: true };
const locked = {
  "node_modules/tsx": tsx,
  "node_modules/vitest": vitest,
  "node_modules/o": optionalPackage,
};

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "bridge-bootstrap-"));
  await mkdir(join(project, "scripts"));
  await mkdir(join(project, "node_modules"));
  await symlink(join(ROOT, "node_modules", "tsx"), join(project, "node_modules", "tsx"));
  await cp(join(ROOT, "scripts/bootstrap.mjs"), join(project, "scripts/bootstrap.mjs"));
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
  await writeFile(join(project, "package-lock.json"), lockfile(locked));
  // Replaces npm: records its arguments.
  await writeFile(
    join(project, "npm.cjs"),
    'require("fs").writeFileSync("npm-called", process.argv.slice(2).join(" "));',
  );
  await writeFile(
    join(project, "scripts", "hello.ts"),
    "const args: string[] = process.argv.slice(2);\nconsole.log(args.join());\nprocess.exitCode = 7;\n",
  );
});

afterEach(() => rm(project, { recursive: true, force: true }));

test("runs a TypeScript script with its arguments and keeps its exit code", async () => {
  await writeInstalled(locked);
  const { code, stdout } = await start("scripts/hello.ts", "one", "--two");
  expect({ code, stdout }).toEqual({ code: 7, stdout: "one,--two\n" });
  expect(await npmCall()).toBeUndefined();
});

test("a script that throws exits even if timers are pending", async () => {
  await writeInstalled(locked);
  const failing = "setInterval(() => {}, 1_000);\nthrow new Error('it broke');\n";
  await writeFile(join(project, "scripts", "failing.ts"), failing);
  const { code, stderr } = await start("scripts/failing.ts");
  expect(code).toBe(1);
  expect(stderr).toContain("it broke");
});

test("optional packages may be missing", async () => {
  await writeInstalled({ "node_modules/tsx": tsx, "node_modules/vitest": vitest });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBeUndefined();
});

test("installs packages if none are installed", async () => {
  const { stderr } = await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci");
  expect(stderr).toContain("npm ci");
});

test("installs packages if the lockfile has other versions", async () => {
  await writeInstalled({ ...locked, "node_modules/tsx": { version: "3.0.0" } });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci");
});

test("installs packages again if npm was interrupted while it wrote its lockfile", async () => {
  await writeFile(join(project, "node_modules", ".package-lock.json"), '{ "packages": {');
  await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci");
});

test("an installation without development packages stays without them", async () => {
  await writeInstalled({ "node_modules/tsx": tsx });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBeUndefined();
  await writeInstalled({ "node_modules/tsx": { version: "3.0.0" } });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci --omit=dev");
});

test("a Node that is too old gets a one-line error", async () => {
  const older =
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.18.1"})';
  const { code, stdout, stderr } = await run(["--import", older], ["scripts/hello.ts"]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toBe("Node 20.19 or newer is required; this is Node 20.18.1.\n");
});

const start = (...args: string[]) => run([], args);

function run(
  nodeArgs: string[],
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: project, env: { ...process.env, npm_execpath: join(project, "npm.cjs") } };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...nodeArgs, join(project, "scripts/bootstrap.mjs"), ...args],
      options,
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

async function writeInstalled(packages: object): Promise<void> {
  await writeFile(join(project, "node_modules", ".package-lock.json"), lockfile(packages));
}

async function npmCall(): Promise<string | undefined> {
  return readFile(join(project, "npm-called"), "utf8").catch(() => undefined);
}

function lockfile(packages: object): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { "": {}, ...packages } });
}
