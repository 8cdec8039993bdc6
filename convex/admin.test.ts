import { describe, expect, test, vi } from "vitest";
import { api } from "./_generated/api.js";
import { BOB, deleted, said, snowflake } from "../test/support/convex/events.ts";
import { ai, backend, useFreshBackend } from "../test/support/convex/fresh.ts";
import {
  failure,
  IDS,
  mapChannel,
  NOON,
  rows,
  settleDown,
} from "../test/support/convex/backend.ts";
import { exchange, failed, Worker } from "../test/support/convex/worker.ts";

useFreshBackend();

const target = { platform: "discord", externalId: IDS.discord } as const;

async function everything(): Promise<string> {
  const tables = ["channels", "mappings", "cursors", "deliveries", "messages"] as const;
  return JSON.stringify(await Promise.all(tables.map(async (table) => await rows(backend, table))));
}

describe("map", () => {
  test("makes a private channel, and the bridge receives the mapping", async () => {
    const mapped = await mapChannel(backend, "discord", {
      to: "  support  ",
      externalName: "help",
    });
    expect(mapped).toMatchObject({ channelName: "support", channelCreated: true });
    expect(await rows(backend, "channels")).toMatchObject([{ name: "support", private: true }]);
    expect(await backend.admin.query(api.admin.list, {})).toMatchObject([
      {
        ...target,
        ...{ trigger: "always", replyIn: "channel", state: "active" },
        externalName: "help",
      },
    ]);
    const [heard] = await backend.discord.query(api.bridge.mappings, {});
    expect(heard).toEqual({
      mappingId: mapped.mappingId,
      externalId: IDS.discord,
      externalName: "help",
      files: "images",
      since: expect.stringMatching(/^\d{20}$/) as string,
    });
  });

  test("joins the private channel of that name, from both platforms", async () => {
    const one = await mapChannel(backend, "discord");
    const two = await mapChannel(backend, "slack");
    expect(two).toMatchObject({ channelId: one.channelId, channelCreated: false });
  });

  test("never joins a public channel by its name, whoever made it", async () => {
    const trap = await backend.nobody.mutation(api.index.createChannel, { name: "room" });
    const mapped = await mapChannel(backend);
    expect(mapped.channelCreated).toBe(true);
    expect(mapped.channelId).not.toBe(trap);
    expect((await rows(backend, "channels"))[0]?.private).toBeUndefined();
  });

  test("adopts a public channel by its id, which is private from then on", async () => {
    const { nobody } = backend;
    const channelId = await nobody.mutation(api.index.createChannel, { name: "general" });
    const authorId = await nobody.mutation(api.index.createUser, { name: "Ann" });
    await nobody.mutation(api.index.sendMessage, { channelId, authorId, content: "old" });
    await settleDown(backend);
    const mapped = await mapChannel(backend, "discord", { adopt: channelId });
    expect(mapped).toMatchObject({ channelId, channelName: "general", channelCreated: false });
    expect(await nobody.query(api.index.listMessages, { channelId })).toEqual([]);
    await exchange(backend, mapped.mappingId, { content: "new" });
    const listed = await backend.admin.query(api.index.listLatestMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual(["old", "answer 1", "new", "answer 2"]);
    expect(ai.requests[1]?.messages.map(({ content }) => content)).toEqual(["Bob: new"]);
  });

  const GONE = `${"9".repeat(24)}channels`;
  test.each([
    ["BAD_ID", { externalId: "general" }],
    ["BAD_ID", { externalId: "" }],
    ["BAD_ID", { externalId: "C0000000001" }],
    ["BAD_ID", { externalId: "100000000000000001 " }],
    ["BAD_ID", { externalId: "1".repeat(400) }],
    ["BAD_ID", { platform: "slack", externalId: "100000000000000001" }],
    ["BAD_ID", { platform: "slack", externalId: "D0000000001" }],
    ["BAD_ID", { platform: "slack", externalId: "c0000000001" }],
    ["BAD_TARGET", { to: "" }],
    ["BAD_TARGET", { to: "   " }],
    ["BAD_TARGET", { to: "x".repeat(101) }],
    ["CHANNEL_NOT_FOUND", { adopt: "room" }],
    ["CHANNEL_NOT_FOUND", { adopt: GONE }],
  ] as const)("refuses with %s: %o, and changes nothing", async (code, more) => {
    const before = await everything();
    expect(await failure(mapChannel(backend, "discord", more))).toBe(code);
    expect(await everything()).toBe(before);
  });

  test("refuses neither and both of --to and --adopt", async () => {
    const { admin } = backend;
    const channelId = await backend.nobody.mutation(api.index.createChannel, { name: "x" });
    const call = (more: object) => failure(admin.mutation(api.admin.map, { ...target, ...more }));
    expect(await call({})).toBe("BAD_TARGET");
    expect(await call({ to: "x", adopt: channelId })).toBe("BAD_TARGET");
    expect(await rows(backend, "mappings")).toEqual([]);
  });

  test("refuses to adopt a private channel", async () => {
    const { channelId } = await mapChannel(backend, "slack");
    expect(await failure(mapChannel(backend, "discord", { adopt: channelId }))).toBe("BAD_TARGET");
  });

  test.each(["active", "paused"] as const)(
    "refuses a channel that is mapped and %s",
    async (state) => {
      await mapChannel(backend);
      await backend.admin.mutation(api.admin.change, { ...target, state });
      const before = await everything();
      const call = mapChannel(backend, "discord", { to: "other", instructions: "x" });
      expect(await failure(call)).toBe("ALREADY_MAPPED");
      expect(await everything()).toBe(before);
    },
  );
});

describe("change", () => {
  test("sets what is named and keeps the rest; null takes instructions and model back", async () => {
    await mapChannel(backend, "discord", { instructions: "brief", model: "m" });
    const change = (more: object) =>
      backend.admin.mutation(api.admin.change, { ...target, ...more });
    expect(await change({ trigger: "mention", replyIn: "thread" })).toMatchObject({
      trigger: "mention",
      replyIn: "thread",
      state: "active",
      instructions: "brief",
      model: "m",
    });
    const cleared = await change({ instructions: null, model: null });
    expect(cleared).toMatchObject({ trigger: "mention", replyIn: "thread" });
    expect([cleared.instructions, cleared.model]).toEqual([undefined, undefined]);
    expect((await backend.admin.query(api.admin.list, {}))[0]).toEqual(cleared);
  });

  test("switches relaying on and off, and keeps since when it is on", async () => {
    await mapChannel(backend, "slack", { relay: true, relayApps: true });
    await mapChannel(backend);
    const change = (more: object) =>
      backend.admin.mutation(api.admin.change, { ...target, ...more });
    expect(await change({ relay: true })).toMatchObject({ relaySince: NOON });
    vi.setSystemTime(NOON + 1_000);
    const kept = await change({ relay: true });
    expect(kept).toMatchObject({ relaySince: NOON });
    expect(kept).not.toHaveProperty("relayApps");
    expect(await change({ relayApps: true })).toMatchObject({ relaySince: NOON, relayApps: true });
    const off = await change({ relay: false, relayApps: false });
    expect(off).not.toHaveProperty("relaySince");
    expect(off).not.toHaveProperty("relayApps");
    expect(await change({ relay: true })).toMatchObject({ relaySince: NOON + 1_000 });
    expect((await backend.admin.query(api.admin.list, {}))[1]).toMatchObject({
      platform: "slack",
      relaySince: NOON,
      relayApps: true,
    });
  });

  test("pausing tells the bridge to stop listening; list still shows it", async () => {
    await mapChannel(backend);
    await backend.admin.mutation(api.admin.change, { ...target, state: "paused" });
    expect(await backend.discord.query(api.bridge.mappings, {})).toEqual([]);
    expect(await backend.admin.query(api.admin.list, {})).toMatchObject([{ state: "paused" }]);
  });
});

describe("status", () => {
  test("shows what waits, what failed and why, what is broken, and open problems", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await exchange(backend, mappingId);
    const worker = new Worker(backend);
    const claimed = await worker.take();
    await worker.settle(claimed, failed({ health: true, step: "allow it", reason: "no right" }));
    const problem = {
      mappingId,
      kind: "event_set_aside" as const,
      externalId: "5",
      reason: "too odd",
    };
    const report = { people: [], problems: [problem, problem], health: [] };
    await backend.discord.mutation(api.bridge.report, report);
    const trouble = { code: "GONE", reason: "cannot read", step: "let me in" };
    await backend.discord.mutation(api.bridge.report, {
      people: [],
      problems: [],
      health: [{ mappingId, direction: "in", trouble }],
    });
    expect(await backend.admin.query(api.admin.status, {})).toEqual({
      mappings: [
        expect.objectContaining({
          mappingId,
          open: 1,
          openSince: NOON,
          failed: 1,
          caughtUpAt: NOON,
          health: [
            { direction: "in", ...trouble, at: NOON },
            { direction: "out", code: "FORBIDDEN", reason: "no right", step: "allow it", at: NOON },
          ],
        }),
      ],
      failed: [
        {
          deliveryId: claimed.deliveryId,
          platform: "discord",
          channel: IDS.discord,
          channelName: "room",
          code: "FORBIDDEN",
          reason: "no right",
          step: "allow it",
          outcomeUnknown: false,
          at: NOON,
        },
      ],
      problems: [{ platform: "discord", ...problem, count: 2, at: NOON }],
    });
    await backend.discord.mutation(api.bridge.report, {
      people: [],
      problems: [],
      health: [{ mappingId, direction: "in" }],
    });
    const { mappings } = await backend.admin.query(api.admin.status, {});
    expect(mappings[0]?.health.map(({ direction }) => direction)).toEqual(["out"]);
  });

  test("says since when a direction has failed, whatever it failed with since", async () => {
    const { mappingId } = await mapChannel(backend);
    const fails = async (code: string) => {
      const trouble = { code, reason: "cannot read" };
      const health = [{ mappingId, direction: "in" as const, trouble }];
      await backend.discord.mutation(api.bridge.report, { people: [], problems: [], health });
      return (await backend.admin.query(api.admin.status, {})).mappings[0]?.health;
    };
    await fails("network");
    vi.setSystemTime(NOON + 60_000);
    expect(await fails("429")).toMatchObject([{ code: "429", at: NOON }]);
  });
});

test("a transcript shows everything said, with its platform ids", async () => {
  const { mappingId, channelId } = await mapChannel(backend);
  const question = said(mappingId, { content: "why?", externalId: snowflake() });
  const gone = said(mappingId, { content: "secret", fromApp: true, author: BOB });
  await backend.discord.mutation(api.bridge.ingest, {
    events: [gone, deleted(mappingId, gone.externalId), question],
    advance: [],
  });
  await settleDown(backend);
  await new Worker(backend).post("8001");
  const read = (id: string) =>
    backend.admin.query(api.admin.transcript, {
      channelId: id,
      paginationOpts: { numItems: 10, cursor: null },
    });
  const { page } = await read(channelId);
  expect(page).toMatchObject([
    { content: "", deletedAt: NOON, externalId: gone.externalId },
    { content: "why?", author: "Bob", channel: IDS.discord, platform: "discord", posts: [] },
    { content: "answer 1", kind: "reply", posts: ["8001"] },
  ]);
  expect(JSON.stringify(page)).not.toContain("secret");
  expect(await failure(read("nonsense"))).toBe("CHANNEL_NOT_FOUND");
});
