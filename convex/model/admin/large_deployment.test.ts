import { RateLimiter } from "@convex-dev/rate-limiter";
import { afterEach, describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { ai, backend, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import {
  failure,
  IDS,
  mapChannel,
  pass,
  rows,
  settleDown,
} from "../../../test/support/convex/backend.ts";
import { copyDelivery, exchange } from "../../../test/support/convex/worker.ts";

/*
 * What a transaction may read and how long it may run is limited: https://docs.convex.dev/production/state/limits. The
 * deployment of these tests refuses what goes beyond.
 */

useFreshBackend();
afterEach(() => vi.restoreAllMocks());

const target = { platform: "discord", externalId: IDS.discord } as const;

async function mapMany(platform: "discord" | "slack", count: number): Promise<void> {
  await backend.t.run(async (ctx) => {
    for (let n = 0; n < count; n++) {
      const channelId = await ctx.db.insert("channels", {
        name: `${platform} ${n}`,
        private: true,
      });
      const mappingId = await ctx.db.insert("mappings", {
        platform,
        externalId: `${platform} ${n}`,
        channelId,
        trigger: "always",
        replyIn: "channel",
        state: "active",
        since: "0",
      });
      await ctx.db.insert("cursors", { mappingId, upTo: "0", caughtUpAt: 0 });
    }
  });
}

describe("a deployment with a thousand mappings of each platform", () => {
  test("has a status, with 5,000 open deliveries and many failed ones", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await copyDelivery(backend, 400, "failed");
    await copyDelivery(backend, 5_000, "queued");
    await mapMany("discord", 999);
    await mapMany("slack", 1_000);
    const status = await backend.admin.query(api.admin.status, {});
    expect(status.mappings).toHaveLength(2_000);
    expect(status.failed).toHaveLength(100);
    expect(await backend.admin.query(api.admin.list, {})).toHaveLength(2_000);
  });

  test("takes no other of a platform that is full, and says so", async () => {
    await mapMany("discord", 1_000);
    expect(await failure(mapChannel(backend))).toBe("TOO_MANY_MAPPINGS");
    await mapChannel(backend, "slack");
    expect(await backend.discord.query(api.bridge.mappings, {})).toHaveLength(1_000);
  });
});

describe("with 1,000 deliveries in the outbox", () => {
  const open = async () =>
    (await rows(backend, "deliveries")).filter(({ endedAt }) => endedAt === undefined).length;

  test("unmapping cancels them all, in batches", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await copyDelivery(backend, 1_000, "queued");
    const { cancelledDeliveries } = await backend.admin.mutation(api.admin.unmap, target);
    expect(cancelledDeliveries).toBe(200);
    expect(await open()).toBe(801);
    await pass(backend, 1_000);
    expect(await open()).toBe(0);
  });

  test("what is enqueued after the channel was mapped again stays", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await copyDelivery(backend, 500, "queued");
    await backend.admin.mutation(api.admin.unmap, target);
    vi.setSystemTime(Date.now() + 10);
    await mapChannel(backend);
    await copyDelivery(backend, 1, "queued");
    await pass(backend, 1_000);
    expect(await open()).toBe(1);
  });

  test("pausing holds a batch; a bridge that claims one of the others holds it", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await copyDelivery(backend, 1_000, "ready");
    await backend.admin.mutation(api.admin.change, { ...target, state: "paused" });
    const ready = (await rows(backend, "deliveries")).filter(({ state }) => state === "ready");
    expect(ready).toHaveLength(801);
    const [deliveryId] = ready.map(({ _id }) => _id);
    if (!deliveryId) throw new Error("none is ready");
    await backend.discord.mutation(api.bridge.claim, { deliveryId, owner: "a bridge" });
    const left = (await rows(backend, "deliveries")).filter(({ state }) => state === "ready");
    expect(left).toHaveLength(800);
  });

  test("resuming releases them all, in batches", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await copyDelivery(backend, 1_000, "held");
    await backend.admin.mutation(api.admin.change, { ...target, state: "active" });
    await pass(backend, 1_000);
    const states = (await rows(backend, "deliveries")).map(({ state }) => state);
    expect(states).not.toContain("held");
  });
});

describe("calls of the rate limiter, a component, in one transaction", () => {
  /** The most calls that were made with one context, which is a transaction's own. */
  function mostInOne(limit: { mock: { calls: unknown[][] } }): number {
    const counts = new Map<unknown, number>();
    for (const [ctx] of limit.mock.calls) counts.set(ctx, (counts.get(ctx) ?? 0) + 1);
    return Math.max(0, ...counts.values());
  }

  async function ask(mappingId: Id<"mappings">, count: number) {
    const events = Array.from({ length: count }, (_, n) =>
      said(mappingId, { content: `question ${n}` }),
    );
    await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
  }

  test("stay few in a batch of 100 questions when the day's limit is used up, and each question is refused", async () => {
    vi.stubEnv("AI_REPLIES_PER_DAY", "0");
    const { mappingId } = await mapChannel(backend, "discord", { replyIn: "thread" });
    const limit = vi.spyOn(RateLimiter.prototype, "limit");
    await ask(mappingId, 100);
    expect(mostInOne(limit)).toBeGreaterThan(0);
    await settleDown(backend);
    await pass(backend, 1_000);
    expect(mostInOne(limit)).toBeLessThanOrEqual(25 * 6);
    const replies = await rows(backend, "replies");
    expect(replies).toHaveLength(100);
    expect(new Set(replies.map(({ state }) => state))).toEqual(new Set(["cancelled"]));
    // One notice, however many were refused.
    expect(await rows(backend, "deliveries")).toHaveLength(1);
    expect(ai.requests).toHaveLength(0);
  });

  test("stay few when an answer fails while many wait", async () => {
    const { mappingId } = await mapChannel(backend);
    const release = ai.holds("first answer");
    await ask(mappingId, 1);
    await settleDown(backend);
    await ask(mappingId, 99);
    vi.stubEnv("AI_REPLIES_PER_DAY", "0");
    const limit = vi.spyOn(RateLimiter.prototype, "limit");
    release();
    await settleDown(backend);
    expect(mostInOne(limit)).toBeGreaterThan(0);
    expect(mostInOne(limit)).toBeLessThanOrEqual(25 * 6 + 1);
    const replies = await rows(backend, "replies");
    expect(replies.filter(({ state }) => state === "cancelled").length).toBeGreaterThan(25);
  });
});

test("thousands of empty conversations are deleted with their channel, in batches", async () => {
  const { mappingId, channelId } = await mapChannel(backend);
  await backend.t.run(async (ctx) => {
    for (let n = 0; n < 2_500; n++)
      await ctx.db.insert("conversations", { channelId, mappingId, threadId: `thread ${n}` });
  });
  await backend.admin.mutation(api.admin.unmap, { ...target, deleteMessages: true });
  await pass(backend, 60_000);
  expect(await rows(backend, "conversations")).toEqual([]);
  expect(await rows(backend, "purges")).toEqual([]);
});

describe("a question for which another transaction asks", () => {
  const CAROL = { externalId: "7003", workspaceId: "guild", name: "Carol" };
  const EVE = { externalId: "7004", workspaceId: "guild", name: "Eve" };
  const DAN = { externalId: "7005", workspaceId: "guild", name: "Dan" };

  /** A channel in which Eve may ask nothing more, and a flood of her questions. */
  async function flooded(sentAt?: number) {
    vi.stubEnv("AI_REPLIES_PER_AUTHOR", "1");
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId, { author: EVE });
    const time = sentAt === undefined ? {} : { sentAt };
    const flood = Array.from({ length: 26 }, () => said(mappingId, { author: EVE, ...time }));
    return { mappingId, flood };
  }
  const ingest = (...events: ReturnType<typeof said>[]) =>
    backend.discord.mutation(api.bridge.ingest, { events, advance: [] });

  test("is answered, though it stands before what an earlier answer has seen", async () => {
    const late = Date.now() - 30_000;
    const { mappingId, flood } = await flooded(late);
    await exchange(backend, mappingId, { author: DAN });
    const before = ai.requests.length;
    await ingest(...flood, said(mappingId, { author: CAROL, sentAt: late + 5_000 }));
    await pass(backend, 120_000);
    expect(ai.requests).toHaveLength(before + 1);
  });

  test("is answered, though the younger one that opened the reply is deleted", async () => {
    const { mappingId, flood } = await flooded();
    const before = ai.requests.length;
    await ingest(...flood, said(mappingId, { author: CAROL }));
    // Without a name, so that its reply begins a second later.
    const younger = said(mappingId, { author: { externalId: "7009", workspaceId: "guild" } });
    await ingest(younger);
    await pass(backend, 500);
    const gone = deleted(mappingId, younger.externalId);
    await backend.discord.mutation(api.bridge.ingest, { events: [gone], advance: [] });
    await pass(backend, 120_000);
    expect(ai.requests).toHaveLength(before + 1);
  });
});
