import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { discord, mapSide, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";

useRelay();

const LATE = { late: true } as const;

/** The catch-up of Discord's channel ends. */
async function caughtUp(): Promise<void> {
  const advance = [{ mappingId: discord.mappingId, upTo: "0", caughtUp: { recovered: 1 } }];
  await backend.discord.mutation(api.bridge.ingest, { events: [], advance });
  await settleDown(backend);
}

describe("while a channel is caught up with", () => {
  test("what is said waits, and is relayed in order when that ends", async () => {
    const missed = [discord.event("one", LATE), discord.event("two", LATE)];
    await pass(backend, 1_000);
    await discord.says("live", LATE);
    await discord.ingest(...missed);
    expect(await rows(backend, "deliveries")).toEqual([]);
    await caughtUp();
    expect(await slack.hears()).toEqual(["one", "two", "live"]);
    await discord.says("now");
    expect(await slack.hears()).toEqual(["now"]);
    expect(await rows(backend, "tasks")).toHaveLength(1);
    await pass(backend, 120_000);
    expect(await rows(backend, "tasks")).toEqual([]);
  });

  test("what is not marked as late waits behind what is", async () => {
    await discord.ingest(discord.event("one", LATE), discord.event("two"));
    expect(await rows(backend, "deliveries")).toEqual([]);
    await caughtUp();
    expect(await slack.hears()).toEqual(["one", "two"]);
  });

  test("what is said elsewhere does not wait", async () => {
    await discord.says("late", LATE);
    await slack.says("hello");
    expect(await discord.hears()).toEqual(["hello"]);
  });

  test("what is said waits two minutes at most", async () => {
    await discord.says("one", LATE);
    await pass(backend, 110_000);
    await discord.says("two", LATE);
    expect(await slack.ready()).toEqual([]);
    await pass(backend, 10_000);
    expect(await slack.hears()).toEqual(["one", "two"]);
  });

  test("what waits in a second catch-up is not relayed for the first one's sake", async () => {
    await discord.says("one", LATE);
    await caughtUp();
    expect(await slack.hears()).toEqual(["one"]);
    await pass(backend, 115_000);
    await discord.says("two", LATE);
    await pass(backend, 10_000);
    expect(await slack.ready()).toEqual([]);
    await caughtUp();
    expect(await slack.hears()).toEqual(["two"]);
  });

  test("an edit changes what waits, and a delete drops it", async () => {
    const one = await discord.says("one", LATE);
    const two = await discord.says("two", LATE);
    await discord.edits(one, "one, edited");
    await discord.deletes(two);
    await caughtUp();
    expect(await slack.hears()).toEqual(["one, edited"]);
  });

  test("a relay that is switched off drops what waits", async () => {
    await discord.says("one", LATE);
    await slack.change({ relay: false });
    await caughtUp();
    expect(await rows(backend, "deliveries")).toEqual([]);
  });
});

test("a person whose name is not known yet is waited for", async () => {
  const stranger = { externalId: "U2", workspaceId: "T1" };
  await slack.says("one", { ...LATE, author: stranger });
  const advance = [{ mappingId: slack.mappingId, upTo: "0", caughtUp: { recovered: 1 } }];
  await backend.slack.mutation(api.bridge.ingest, { events: [], advance });
  await settleDown(backend);
  expect(await discord.ready()).toEqual([]);
  await backend.slack.mutation(api.bridge.report, {
    people: [{ ...stranger, name: "Cem" }],
    problems: [],
    health: [],
  });
  await pass(backend, 1_000);
  expect(await discord.carryOutAll()).toMatchObject([{ content: "one", author: { name: "Cem" } }]);
});

describe("a batch of many messages", () => {
  const texts = (count: number) => Array.from({ length: count }, (_, n) => `m${n.toString()}`);

  test("is relayed in several transactions, in order", async () => {
    await discord.ingest(...texts(230).map((text) => discord.event(text)));
    expect(await rows(backend, "deliveries")).toHaveLength(200);
    await pass(backend, 1_000);
    expect(await slack.hears()).toEqual(texts(230));
  });

  test("is relayed to many places within a transaction's limits", async () => {
    for (let n = 0; n < 60; n++)
      await mapSide("discord", { externalId: (200_000_000_000_000_000n + BigInt(n)).toString() });
    await discord.ingest(...texts(30).map((text) => discord.event(text)));
    await pass(backend, 1_000);
    expect(await rows(backend, "deliveries")).toHaveLength(30 * 61);
  });
});

test("documents read for each destination of a message are at most six", async () => {
  const used = async (more: Parameters<typeof discord.event>[1] = {}) =>
    await backend.discord.mutation(async (ctx) => {
      const events = [discord.event("hello", more)];
      await ctx.runMutation(api.bridge.ingest, { events, advance: [] });
      return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
    });
  await slack.change({ relay: false });
  await used();
  const alone = await used();
  expect(alone).toBe(3 + 1);
  await slack.change({ relay: true });
  await pass(backend, 1_000);
  await used();
  const one = await used();
  expect(one - alone).toBeLessThanOrEqual(6);
  for (let n = 0; n < 10; n++) await mapSide("slack", { externalId: `C000000010${n.toString()}` });
  await used();
  expect((await used()) - one).toBeLessThanOrEqual(10 * 6);
  const root = { threadId: await discord.says("root") };
  await used(root);
  // The first part of a thread's copies opens it.
  while ((await slack.worker.ready()).length > 0) await slack.carryOut(await slack.worker.take());
  await used(root);
  expect((await used(root)) - alone).toBeLessThanOrEqual(11 * 6);
});
