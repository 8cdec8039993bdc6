import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { tokenOf } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { keySetVariables, makeAllKeys } from "../../scripts/tooling/signing_keys.ts";
import { startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { componentsOf } from "../../scripts/stand_ins/convex/functions/modules.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

test("the components of this project are found, including the nested one", async () => {
  const found = await componentsOf(join(ROOT, "convex"));
  expect(found.map(({ path }) => path)).toEqual(["rateLimiter", "rateLimiter/batchWorker"]);
});

test("this project's functions are served to the callers they are meant for", async () => {
  const keys = await makeAllKeys();
  const env = keySetVariables(keys);
  const convex = await startLocalConvex({ env });
  onTestFinished(() => convex.stop());
  const nobody = new ConvexHttpClient(convex.url, { logger: false });
  const channelId = await nobody.mutation(api.index.createChannel, { name: "open" });
  expect(await nobody.query(api.index.listMessages, { channelId })).toEqual([]);
  await expect(nobody.query(api.bridge.mappings, {})).rejects.toThrow();
  const bridge = new ConvexClient(convex.url, { logger: false });
  onTestFinished(() => bridge.close());
  bridge.setAuth(() => tokenOf("discord", keys.discord));
  expect(await bridge.query(api.bridge.mappings, {})).toEqual([]);
});
