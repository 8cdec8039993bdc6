import { spawn } from "node:child_process";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BundledModule, type PushStub, startPushStub } from "./stub.ts";

const root = join(import.meta.dirname, "..", "..");
let project: string;
let stub: PushStub;
let output: string;

// The CLI writes into its project (.env.local, _generated), so it is given a copy.
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "bridge-push-"));
  for (const name of ["convex", "package.json", "tsconfig.json"]) {
    await cp(join(root, name), join(project, name), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
  stub = await startPushStub();
  output = await convexDev(stub.url);
}, 60_000);

afterAll(async () => {
  await stub.stop();
  await rm(project, { recursive: true, force: true });
});

test("the official CLI gets as far as pushing", () => {
  expect(stub.requests.at(-1), output).toBe("POST /api/deploy2/start_push");
  expect(stub.push().appDefinition.changedModules.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["index.js", "bridge.js", "admin.js", "auth.config.js"]),
  );
});

test("every module is for the default runtime", () => {
  const others = modules().filter(({ environment }) => environment !== "isolate");
  expect(others.map(({ path }) => path)).toEqual([]);
});

test("no bundle imports a Node built-in", () => {
  const builtins = new Set(builtinModules);
  const imports = modules().flatMap((module) =>
    importsOf(module).map((name) => ({ path: module.path, name })),
  );
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter(({ name }) => name.startsWith("node:") || builtins.has(name))).toEqual([]);
});

/** Also the component definitions and what the bundler has split off. */
function modules(): BundledModule[] {
  const { appDefinition, componentDefinitions } = stub.push();
  const modules = [
    ...appDefinition.changedModules,
    ...componentDefinitions.flatMap(({ functions }) => functions),
    ...[appDefinition, ...componentDefinitions].flatMap(({ definition, schema }) => [
      ...(definition ? [definition] : []),
      ...(schema ? [schema] : []),
    ]),
  ];
  expect(modules.length).toBeGreaterThan(10);
  return modules;
}

/** Every specifier of `import … from`, `export … from`, `import(…)` and `require(…)` in bundled code. */
function importsOf({ path, source }: BundledModule): string[] {
  const found: string[] = [];
  const add = (node: ts.Node | undefined) => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    if (
      ts.isCallExpression(node) &&
      /^(?:import|\w*require)$/.test(node.expression.getText(file))
    ) {
      add(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest);
  visit(file);
  return found;
}

async function convexDev(url: string): Promise<string> {
  const cli = join(project, "node_modules", "convex", "bin", "main.js");
  const args = ["dev", "--once", "--url", url, "--admin-key", "x", "--typecheck", "disable"];
  // Nothing of the machine's own deployment may be found, and nothing but the stub be asked.
  const env = { PATH: process.env.PATH, HOME: project, CI: "1", CONVEX_VERSION_API_ORIGIN: url };
  const child = spawn(process.execPath, [cli, ...args], { cwd: project, env });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return `${out}${err}`;
}
