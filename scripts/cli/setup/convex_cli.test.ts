import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { convexCli } from "./convex_cli.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "convex-cli-"));
  await mkdir(join(root, "node_modules", "convex", "bin"), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

/** Pushes with a Convex CLI that fails with this output. */
async function pushFailingWith(output: string): Promise<unknown> {
  const source = `console.error(${JSON.stringify(output)}); process.exit(1);`;
  await writeFile(join(root, "node_modules", "convex", "bin", "main.js"), source);
  const cli = convexCli({ root, env: {}, secrets: () => [], prod: false, hasDeployKey: false });
  return await cli.push().catch((error: unknown) => error);
}

test("a push that an older backend refuses names the least backend and where its version is shown", async () => {
  const error = await pushFailingWith(
    `unknown variant \`commitTs\`${"\\n  in the schema".repeat(20)}`,
  );
  expect(error).toMatchObject({ code: "CONVEX_CLI" });
  expect(String(error)).toMatch(/backend from\s22 July 2026 or later/);
  expect(String(error)).toContain("/version");
});

test("a push that fails for another reason says nothing about the backend's age", async () => {
  const error = await pushFailingWith("Schema validation failed");
  expect(String(error)).toContain("Schema validation failed");
  expect(String(error)).not.toContain("too old");
});
