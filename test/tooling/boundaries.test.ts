import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/tooling/repository.ts";

// The repository's own rules, without those that need types: the files below don't exist.
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfig: [tseslint.configs.disableTypeChecked],
});

async function rulesBrokenBy(filePath: string, code: string): Promise<(string | null)[]> {
  const results = await eslint.lintText(code, { filePath });
  return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
}

test.each([
  ["convex/model/x.ts", "../../bridges/core/errors.ts"],
  ["convex/x.ts", "node:crypto"],
  ["bridges/core/x.ts", "../discord/discord.ts"],
  ["bridges/core/x.ts", "../../convex/model/ingest.ts"],
  ["bridges/core/x.ts", "@slack/web-api"],
  ["bridges/core/x.ts", "../../scripts/start.ts"],
  ["bridges/slack/x.ts", "../discord/format.ts"],
  ["bridges/discord/x.ts", "@slack/bolt"],
  ["bridges/main.ts", "../test/x.ts"],
  ["scripts/playground/x.ts", "../../bridges/slack/slack.ts"],
])("%s may not import %s", async (file, target) => {
  const broken = "repository/boundaries";
  expect(await rulesBrokenBy(file, `import "${target}";`)).toEqual([broken]);
  expect(await rulesBrokenBy(file, `await import("${target}");`)).toEqual([broken]);
  expect(await rulesBrokenBy(file, `export * from "${target}";`)).toEqual([broken]);
});

test.each([
  ["convex/model/x.ts", "../schema.ts"],
  ["bridges/core/x.ts", "../platform.ts"],
  ["bridges/core/x.ts", "../../convex/_generated/api.js"],
  ["bridges/slack/x.ts", "../core/errors.ts"],
  ["bridges/main.ts", "./discord/discord.ts"],
  ["bridges/slack/x.test.ts", "../../scripts/playground/slack/stand_in.ts"],
  ["scripts/channels/x.ts", "../../bridges/core/token.ts"],
])("%s may import %s", async (file, target) => {
  expect(await rulesBrokenBy(file, `import "${target}";`)).toEqual([]);
});

test("only configuration files read the environment", async () => {
  const code = "export const x = process.env.CONVEX_URL;";
  expect(await rulesBrokenBy("bridges/core/x.ts", code)).toEqual(["no-restricted-properties"]);
  expect(await rulesBrokenBy("scripts/x.ts", code)).toEqual(["no-restricted-properties"]);
  expect(await rulesBrokenBy("bridges/config/config.ts", code)).toEqual([]);
  const taken = "export const { env } = process;";
  expect(await rulesBrokenBy("bridges/core/x.ts", taken)).toEqual(["no-restricted-properties"]);
  const imported = 'import { env } from "node:process"; export const x = env;';
  expect(await rulesBrokenBy("bridges/core/x.ts", imported)).toEqual(["no-restricted-syntax"]);
});
