import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ADMIN_KEY,
  type ConvexEndpoints,
  startConvexEndpoints,
} from "../support/convex_endpoints.ts";
import { copyProject, type ProjectCopy } from "../support/project_copy.ts";
import type { BundledModule, Push } from "../support/pushes.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

const KEY_SETS = ["DISCORD_BRIDGE_JWKS", "SLACK_BRIDGE_JWKS", "ADMIN_JWKS"];

let project: ProjectCopy;
let stub: ConvexEndpoints;

// The CLI writes into its project (.env.local, _generated), so it runs in a copy.
beforeAll(async () => {
  project = await copyProject();
  stub = await startConvexEndpoints();
}, 300_000);

afterAll(async () => {
  await stub.stop();
  await project.remove();
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the official CLI with a self-hosted deployment. */
async function convex(args: readonly string[], adminKey = ADMIN_KEY): Promise<Ended> {
  const cli = join(project.path, "node_modules", "convex", "bin", "main.js");
  // The CLI must not find this machine's own deployment or send requests to anything but the stub.
  const env = {
    PATH: process.env.PATH,
    HOME: project.path,
    CI: "1",
    CONVEX_VERSION_API_ORIGIN: stub.url,
    CONVEX_SELF_HOSTED_URL: stub.url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
  };
  const command = [cli, ...args, "--typecheck", "disable", "--codegen", "disable"];
  const child = spawn(process.execPath, command, { cwd: project.path, env });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, out, err] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, output: out + err };
}

test("a missing key set fails the push with its name", async () => {
  for (const name of KEY_SETS.slice(1)) stub.variables.set(name, "data:,%7B%22keys%22%3A%5B%5D%7D");
  const { code, output } = await convex(["dev", "--once"]);
  expect(code).not.toBe(0);
  expect(output).toContain("DISCORD_BRIDGE_JWKS");
  expect(stub.finished()).toBe(0);
}, 300_000);

test("a wrong admin key is refused before anything is pushed", async () => {
  const before = stub.pushes.length;
  const { code, output } = await convex(["dev", "--once"], "wrong-admin-key");
  expect(code).not.toBe(0);
  expect(output).not.toContain("wrong-admin-key");
  expect(stub.pushes).toHaveLength(before);
}, 300_000);

describe.each([
  ["dev", ["dev", "--once"]],
  ["deploy", ["deploy", "--yes"]],
])("the official CLI's %s", (_name, args) => {
  let push: Push;

  beforeAll(async () => {
    for (const name of KEY_SETS) stub.variables.set(name, "data:,%7B%22keys%22%3A%5B%5D%7D");
    const before = { requests: stub.requests.length, finished: stub.finished() };
    const { code, output } = await convex(args);
    expect(code, output).toBe(0);
    expect(stub.finished(), output).toBe(before.finished + 1);
    const steps = stub.requests
      .slice(before.requests)
      .flatMap((request) => request.split("/deploy2/").slice(1));
    // Ignores reports, which the CLI does not wait for.
    expect(steps.filter((step) => !/^(?:evaluate_schema|report_)/.test(step))).toEqual([
      "start_push",
      "wait_for_schema",
      "wait_for_schema",
      "finish_push",
    ]);
    const newest = stub.pushes.at(-1);
    if (newest === undefined) throw new Error("nothing was pushed");
    push = newest;
  }, 300_000);

  test("pushes every module of the backend and its components", () => {
    expect(push.appDefinition.changedModules.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["index.js", "bridge.js", "admin.js", "doctor.js", "auth.config.js"]),
    );
    expect(push.appDefinition.schema?.source).toContain("deliveries");
    expect(push.componentDefinitions.map(({ definitionPath }) => definitionPath)).toEqual([
      expect.stringContaining("@convex-dev/batch-worker"),
      expect.stringContaining("@convex-dev/rate-limiter"),
    ]);
  });

  test("pushes only modules for the default runtime", () => {
    const others = modules(push).filter(({ environment }) => environment !== "isolate");
    expect(others.map(({ path }) => path)).toEqual([]);
  });

  test("pushes no tests, scripts or bridges", () => {
    const paths = modules(push).map(({ path }) => path);
    expect(paths.filter((path) => /\.test\.|^(?:test|scripts|bridges)\//.test(path))).toEqual([]);
  });

  test("pushes no bundle that imports a Node built-in", () => {
    const builtins = new Set(builtinModules);
    const imports = modules(push).flatMap((module) =>
      importsOf(module).map((name) => ({ path: module.path, name })),
    );
    expect(imports.length).toBeGreaterThan(10);
    expect(imports.filter(({ name }) => name.startsWith("node:") || builtins.has(name))).toEqual(
      [],
    );
  });

  test("pushes only code whose variables .env.example lists", async () => {
    const example = await readFile(join(ROOT, ".env.example"), "utf8");
    const read = push.appDefinition.changedModules.flatMap(({ source }) =>
      [...source.matchAll(/process\.env\.([A-Z][A-Z_]+)/g)].map((match) => match[1] ?? ""),
    );
    const ours = read.filter((name) => /^(?:AI|OPENAI|PUBLIC|ADMIN|DISCORD|SLACK)_/.test(name));
    expect(ours).toEqual(expect.arrayContaining(KEY_SETS));
    const library = /^OPENAI_(?:ORG_ID|PROJECT_ID|WEBHOOK_SECRET|LOG|ADMIN_KEY|CUSTOM_HEADERS)$/;
    expect(ours.filter((name) => !example.includes(name) && !library.test(name))).toEqual([]);
  });
});

/** Every module, including component definitions and chunks that the bundler split off. */
function modules({ appDefinition, componentDefinitions }: Push): BundledModule[] {
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
