import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generate } from "../../scripts/tooling/codegen.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

const committed = join(ROOT, "convex", "_generated");
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "bridge-codegen-"));
  await cp(join(ROOT, "convex"), join(project, "convex"), { recursive: true });
  await cp(join(ROOT, "package.json"), join(project, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(project, "node_modules"));
  await rm(join(project, "convex", "_generated"), { recursive: true, force: true });
  await generate(project);
});

afterAll(() => rm(project, { recursive: true, force: true }));

test("the committed api lists exactly the modules that exist", async () => {
  const api = await readFile(join(committed, "api.d.ts"), "utf8");
  const listed = [...api.matchAll(/^import type \* as \w+ from "\.\.\/(.+)\.js";$/gm)];
  expect(listed.map(([, module]) => module).sort()).toEqual((await modules()).sort());
});

test("generating again changes nothing", async () => {
  const names = (await readdir(committed)).sort();
  const generated = join(project, "convex", "_generated");
  expect((await readdir(generated)).sort()).toEqual(names);
  for (const name of names) {
    const fresh = await readFile(join(generated, name), "utf8");
    expect(await readFile(join(committed, name), "utf8"), name).toBe(fresh);
  }
});

test("every component of the app is declared", async () => {
  const config = await readFile(join(ROOT, "convex", "convex.config.ts"), "utf8");
  const used = [...config.matchAll(/from "(.+)\/convex\.config(?:\.js)?";/g)].map(
    ([, name]) => name,
  );
  const api = await readFile(join(committed, "api.d.ts"), "utf8");
  const declared = [...api.matchAll(/import\("(.+)\/_generated\/component\.js"\)/g)];
  expect(declared.map(([, name]) => name).sort()).toEqual(used.sort());
});

/** Modules as the Convex CLI finds them: not tests (two dots in the name), nor schema and configuration. */
async function modules(): Promise<string[]> {
  const files = await readdir(join(ROOT, "convex"), { recursive: true });
  return files
    .filter((file) => /^[^.]+\.ts$/.test(file) && !file.startsWith("_generated"))
    .map((file) => file.replace(/\.ts$/, ""))
    .filter((module) => module !== "schema");
}
