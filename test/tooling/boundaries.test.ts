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
  ["convex/model/shared/x.ts", "../../../bridges/core/shared/errors.ts"],
  ["convex/x.ts", "node:crypto"],
  ["convex/model/shared/x.ts", "../rows/messages/messages.ts"],
  ["convex/model/rows/x.ts", "../outbox/lanes.ts"],
  ["convex/model/access/x.ts", "../rows/messages/messages.ts"],
  ["convex/model/outbox/x.ts", "../replies/say.ts"],
  ["convex/model/replies/x.ts", "../ingest/triggers.ts"],
  ["convex/model/ingest/x.ts", "../admin/status.ts"],
  ["bridges/config/x.ts", "../core/bridge.ts"],
  ["bridges/core/x.ts", "../discord/adapter.ts"],
  ["bridges/core/x.ts", "../config/settings.ts"],
  ["bridges/core/x.ts", "../../convex/model/ingest/ingest.ts"],
  ["bridges/core/x.ts", "@slack/web-api"],
  ["bridges/core/x.ts", "../../scripts/start.ts"],
  ["bridges/core/shared/x.ts", "../convex/backend.ts"],
  ["bridges/core/markdown/x.ts", "../shared/errors.ts"],
  ["bridges/core/convex/x.ts", "../ops/log.ts"],
  ["bridges/core/ops/x.ts", "../ingest/queue.ts"],
  ["bridges/core/ingest/x.ts", "../catch_up/scheduler.ts"],
  ["bridges/core/outbox/x.ts", "../ingest/queue.ts"],
  ["bridges/core/catch_up/x.ts", "../outbox/worker.ts"],
  ["bridges/core/ingest/x.ts", "../bridge.ts"],
  ["bridges/discord/inbound/x.ts", "../adapter.ts"],
  ["bridges/slack/history/x.ts", "../adapter.ts"],
  ["bridges/slack/x.ts", "../discord/outbound/format.ts"],
  ["bridges/discord/x.ts", "@slack/bolt"],
  ["bridges/discord/x.ts", "../config/config.ts"],
  ["bridges/main.ts", "../test/x.ts"],
  ["scripts/playground/x.ts", "../../bridges/slack/adapter.ts"],
  ["scripts/stand_ins/x.ts", "../verify/demo/stage.ts"],
  ["scripts/verify/demo/x.ts", "../../playground/play.ts"],
  ["scripts/cli/setup/x.ts", "../../stand_ins/stack.ts"],
  ["scripts/playground/x.ts", "../verify/demo/stage.ts"],
  ["scripts/tooling/x.ts", "../stand_ins/stack.ts"],
])("%s may not import %s", async (file, target) => {
  const broken = "repository/boundaries";
  expect(await rulesBrokenBy(file, `import "${target}";`)).toEqual([broken]);
  expect(await rulesBrokenBy(file, `await import("${target}");`)).toEqual([broken]);
  expect(await rulesBrokenBy(file, `export * from "${target}";`)).toEqual([broken]);
});

test.each([
  ["convex/model/x.ts", "../schema.ts"],
  ["convex/model/ingest/x.ts", "../replies/request_reply.ts"],
  ["convex/model/admin/x.ts", "../outbox/retry.ts"],
  ["bridges/config/x.ts", "../core/convex/token.ts"],
  ["bridges/core/x.ts", "../platform.ts"],
  ["bridges/core/x.ts", "../../convex/_generated/api.js"],
  ["bridges/core/bridge.ts", "./outbox/worker.ts"],
  ["bridges/core/catch_up/x.ts", "../ingest/queue.ts"],
  ["bridges/slack/x.ts", "../core/shared/errors.ts"],
  ["bridges/main.ts", "./discord/adapter.ts"],
  ["bridges/slack/x.test.ts", "../../scripts/stand_ins/slack/stand_in.ts"],
  ["scripts/cli/channels/x.ts", "../../../bridges/core/convex/token.ts"],
  ["scripts/verify/soak/x.ts", "../../stand_ins/stack.ts"],
  ["scripts/cli/x.ts", "../../bridges/discord/failures.ts"],
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
