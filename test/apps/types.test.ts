import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { generate } from "../../scripts/tooling/codegen.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { projectWith, readSnippets } from "./snippets.ts";

/** One program for both folders: an app's types are those of the functions anyway. */
const TSCONFIG = {
  extends: "../convex/tsconfig.json",
  compilerOptions: { jsx: "react-jsx" },
  include: ["./*", "../convex/**/*"],
  exclude: ["../convex/**/*.test.ts"],
};

test("docs/apps.md has these examples, and no block of code besides them", async () => {
  expect([...(await readSnippets()).keys()]).toEqual([
    "convex/access.ts (everybody)",
    "app/index.html",
    "app/main.tsx",
    "app/use_file.ts",
    "convex/access.ts (members)",
    "convex/auth.config.ts",
    "convex/schema.ts (members)",
  ]);
});

test("the examples type-check", { timeout: 300_000 }, async () => {
  const copy = await projectWith(
    "convex/access.ts (members)",
    "convex/schema.ts (members)",
    "convex/auth.config.ts",
    "app/main.tsx",
    "app/use_file.ts",
  );
  onTestFinished(() => copy.remove());
  const everybody = (await readSnippets()).get("convex/access.ts (everybody)") ?? "";
  await writeFile(join(copy.path, "convex", "access_everybody.ts"), everybody);
  await writeFile(join(copy.path, "app", "tsconfig.json"), JSON.stringify(TSCONFIG));
  await generate(copy.path);
  const tsc = join(ROOT, "node_modules", "@typescript", "native", "bin", "tsc");
  const checked = promisify(execFile)(process.execPath, [tsc, "-p", "app"], { cwd: copy.path });
  await expect(checked).resolves.toMatchObject({ stdout: "" });
});
