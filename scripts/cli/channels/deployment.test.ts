import { expect, test } from "vitest";
import { type Deployment, readStatus } from "./deployment.ts";

test("the status is read platform by platform, so that each call stays within a transaction's limits", async () => {
  const asked: unknown[] = [];
  const query = ((_: unknown, args: { platform: string }) => {
    asked.push(args);
    return Promise.resolve({ mappings: [args.platform], failed: [args.platform], problems: [] });
  }) as unknown as Deployment["query"];
  expect(await readStatus({ query })).toEqual({
    mappings: ["discord", "slack"],
    failed: ["discord", "slack"],
    problems: [],
  });
  expect(asked).toEqual([{ platform: "discord" }, { platform: "slack" }]);
});
