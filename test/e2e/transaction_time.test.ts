import { ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mintToken } from "../../bridges/core/convex/token.ts";
import { api } from "../../convex/_generated/api.js";
import { callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { said } from "../support/convex/events.ts";
import { eventually } from "../support/eventually.ts";
import { signingKeyIn } from "../support/signing_key.ts";

/* What asks for the most replies at once, on a deployment that ends a transaction after 1 s of user time. */

let stack: Stack;
let bridge: ConvexHttpClient;

beforeAll(async () => {
  stack = await startStack({ convexEnv: { AI_REPLIES_PER_DAY: "0" } });
  const key = signingKeyIn(stack.bridgeEnv(["discord"]).DISCORD_BRIDGE_KEY);
  bridge = new ConvexHttpClient(stack.convex.url, { logger: false });
  bridge.setAuth(await mintToken("discord", key));
});

afterAll(async () => {
  await stack.stop();
});

test("a batch of 100 questions that the day's limit refuses is stored, and each one is looked at", async () => {
  const admin = await stack.adminClient();
  const { mappingId } = await admin.mutation(api.admin.map, {
    platform: "discord",
    externalId: "200000000000000001",
    to: "busy",
    replyIn: "thread",
  });
  const events = Array.from({ length: 100 }, (_, n) =>
    said(mappingId, { content: `question ${n}` }),
  );
  await bridge.mutation(api.bridge.ingest, { events, advance: [] });
  await eventually(async () => {
    const stats = await stack.convex.stats();
    // 25 at a time: the rest are asked for by scheduled transactions.
    expect(callsOf(stats, "tasks:run", "scheduled")).toBeGreaterThanOrEqual(3);
    const { rows } = stats;
    const limiter = rows.filter(({ path }) => path.startsWith("rateLimiter/"));
    expect(limiter.reduce((sum, { calls }) => sum + calls, 0)).toBeGreaterThan(333);
  });
});
