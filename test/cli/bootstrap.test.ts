import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "../../scripts/tooling/repository.ts";

const tsx = { version: "4.0.0" };
const vitest = { version: "4.0.0", dev: true };
const otherMachine = { version: "1.0.0", optional: true };
const wanted = {
  "node_modules/tsx": tsx,
  "node_modules/vitest": vitest,
  "node_modules/o": otherMachine,
};

let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "bridge-bootstrap-"));
  await mkdir(join(project, "scripts"));
  await mkdir(join(project, "node_modules"));
  await symlink(join(ROOT, "node_modules", "tsx"), join(project, "node_modules", "tsx"));
  await cp(join(ROOT, "scripts/bootstrap.mjs"), join(project, "scripts/bootstrap.mjs"));
  await writeFile(join(project, "package.json"), '{ "type": "module" }');
  await writeFile(join(project, "package-lock.json"), lockfile(wanted));
  // Stands in for npm: writes down how it was called.
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

test("the script runs in TypeScript, with its arguments and its exit code", async () => {
  await installed(wanted);
  const { code, stdout } = await start("scripts/hello.ts", "one", "--two");
  expect({ code, stdout }).toEqual({ code: 7, stdout: "one,--two\n" });
  expect(await npmCall()).toBeUndefined();
});

test("a script that fails ends, whatever it had begun", async () => {
  await installed(wanted);
  const failing = "setInterval(() => {}, 1_000);\nthrow new Error('it broke');\n";
  await writeFile(join(project, "scripts", "failing.ts"), failing);
  const { code, stderr } = await start("scripts/failing.ts");
  expect(code).toBe(1);
  expect(stderr).toContain("it broke");
});

test("packages for other machines need not be there", async () => {
  await installed({ "node_modules/tsx": tsx, "node_modules/vitest": vitest });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBeUndefined();
});

test("packages are installed when there are none", async () => {
  const { stderr } = await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci");
  expect(stderr).toContain("npm ci");
});

test("packages are installed when the lockfile asks for other versions", async () => {
  await installed({ ...wanted, "node_modules/tsx": { version: "3.0.0" } });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci");
});

test("packages are installed again when npm was stopped while it wrote them down", async () => {
  await writeFile(join(project, "node_modules", ".package-lock.json"), '{ "packages": {');
  await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci");
});

test("an installation without development packages stays one", async () => {
  await installed({ "node_modules/tsx": tsx });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBeUndefined();
  await installed({ "node_modules/tsx": { version: "3.0.0" } });
  await start("scripts/hello.ts");
  expect(await npmCall()).toBe("ci --omit=dev");
});

test("a Node that is too old gets one clear line", async () => {
  const older =
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.18.1"})';
  const { code, stdout, stderr } = await run(["--import", older], ["scripts/hello.ts"]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toBe("Node 20.19 or newer is needed; this is Node 20.18.1.\n");
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

async function installed(packages: object): Promise<void> {
  await writeFile(join(project, "node_modules", ".package-lock.json"), lockfile(packages));
}

async function npmCall(): Promise<string | undefined> {
  return readFile(join(project, "npm-called"), "utf8").catch(() => undefined);
}

function lockfile(packages: object): string {
  return JSON.stringify({ lockfileVersion: 3, packages: { "": {}, ...packages } });
}
