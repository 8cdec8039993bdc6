import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { BridgeEvent } from "./event_validators.ts";
import { AiService } from "../../../test/support/convex/ai.ts";
import { deleted, EVE, said } from "../../../test/support/convex/events.ts";
import {
  type Backend,
  IDS,
  mapChannel,
  pass,
  startBackend,
  stopBackend,
} from "../../../test/support/convex/backend.ts";

let backend: Backend;
let room: Id<"mappings">;

beforeEach(async () => {
  backend = await startBackend();
  new AiService();
  ({ mappingId: room } = await mapChannel(backend, "discord", { trigger: "never" }));
});
afterEach(stopBackend);

async function ingest(...events: BridgeEvent[]): Promise<void> {
  await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
}

async function alwaysAnswer(): Promise<void> {
  const target = { platform: "discord" as const, externalId: IDS.discord };
  await backend.admin.mutation(api.admin.change, { ...target, trigger: "always" });
}

/** Documents read by one `ingest`, as the deployment counts them. */
async function documentsRead(...events: BridgeEvent[]): Promise<number> {
  return await backend.discord.mutation(async (ctx) => {
    await ctx.runMutation(api.bridge.ingest, { events, advance: [] });
    return (await ctx.meta.getTransactionMetrics()).documentsRead.used;
  });
}

describe("documents read", () => {
  test("for a plain message of a known person are three, however much there is", async () => {
    await ingest(said(room), said(room, { author: EVE }), deleted(room, "1"));
    expect(await documentsRead(said(room))).toBe(3);
    const crowd = Array.from({ length: 200 }, (_, i) =>
      said(room, {
        author: { externalId: `${i}`, workspaceId: "guild", name: `P${i}` },
        ...(i % 2 === 0 && { threadId: `t${i}` }),
      }),
    );
    await ingest(...crowd);
    for (let i = 10; i < 40; i++) {
      await mapChannel(backend, "discord", { externalId: `1000000000000000${i}` });
    }
    expect(await documentsRead(said(room))).toBe(3);
    expect(await documentsRead(said(room, { threadId: "t0" }))).toBe(3);
  });

  test("for a message known already are two", async () => {
    const event = said(room);
    await ingest(event);
    expect(await documentsRead(event)).toBe(2);
  });

  test("for a batch share the mapping", async () => {
    await ingest(said(room));
    expect(await documentsRead(said(room), said(room), said(room))).toBe(1 + 3 * 2);
  });

  test("for a message that joins an open reply are within the budget of six", async () => {
    await alwaysAnswer();
    await ingest(said(room));
    expect(await documentsRead(said(room))).toBeLessThanOrEqual(6);
  });

  test("for a message that opens a reply are six, and four of them again to be written back", async () => {
    // Mapping, identity, conversation and the rows of three limits; a patch counts as a read. Once a reply, not
    // once a message.
    await alwaysAnswer();
    await ingest(said(room));
    await pass(backend, 1_000);
    expect(await documentsRead(said(room))).toBe(6 + 4);
  });
});

const tellOfThread = (externalId: string) =>
  backend.discord.mutation(api.bridge.report, {
    people: [],
    health: [],
    problems: [{ kind: "thread_unknown", externalId, reason: "nobody knows its parent" }],
  });

describe("index ranges read", () => {
  // A transaction may read 4,096. https://docs.convex.dev/production/state/limits
  const LIMIT = 4_096;

  test("by status leave room for a thousand mappings", async () => {
    const used = async () =>
      await backend.admin.query(async (ctx) => {
        await ctx.runQuery(api.admin.status, {});
        return (await ctx.meta.getTransactionMetrics()).databaseQueries.used;
      });
    const one = await used();
    await mapChannel(backend, "discord", { externalId: "100000000000000002" });
    const each = (await used()) - one;
    expect(each * 1_000).toBeLessThan(LIMIT);
  });

  test("by a reader of messages that mention thousands of people stay in bounds", async () => {
    const people = Array.from({ length: 4_200 }, (_, n) => (8_000 + n).toString());
    const content = people.map((id) => `<@${id}>`).join(" ");
    const mentions = people.map((id) => ({ kind: "user", id, name: `n${id}` }) as const);
    await ingest(said(room, { content, mentions }));
    const used = await backend.admin.query(async (ctx) => {
      const { channelId } = (await ctx.runQuery(api.admin.list, {}))[0] ?? {};
      if (!channelId) throw new Error("nothing is mapped");
      const [message] = await ctx.runQuery(api.index.listLatestMessages, { channelId });
      expect(message?.content).toMatch(/^@n8000 .* @n12199$/);
      return (await ctx.meta.getTransactionMetrics()).databaseQueries.used;
    });
    expect(used).toBeLessThan(LIMIT / 2);
  });

  test("by catch-ups that end together leave room for a thousand mappings", async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const externalId = (200_000_000_000_000_000n + BigInt(n)).toString();
        return (await mapChannel(backend, "discord", { externalId })).mappingId;
      }),
    );
    await tellOfThread("81");
    await tellOfThread("82");
    const used = (mappingIds: readonly Id<"mappings">[]) =>
      backend.discord.mutation(async (ctx) => {
        const advance = mappingIds.map((mappingId) => {
          return { mappingId, upTo: "0", caughtUp: { recovered: 0 } };
        });
        await ctx.runMutation(api.bridge.ingest, { events: [], advance });
        return (await ctx.meta.getTransactionMetrics()).databaseQueries.used;
      });
    const some = await used(ids.slice(0, 10));
    const each = ((await used(ids)) - some) / 10;
    // A hundred end in one call; for each of a thousand one cursor is read, once a call.
    expect(100 * each + 1_000).toBeLessThan(LIMIT);
    expect(some).toBeLessThan(10 * each + 2 * ids.length + 20);
  });

  test("by the bridge's own subscriptions leave room for a thousand mappings", async () => {
    const used = async () =>
      await backend.discord.query(async (ctx) => {
        await ctx.runQuery(api.bridge.mappings, {});
        await ctx.runQuery(api.bridge.cursors, {});
        await ctx.runQuery(api.bridge.outbox, {});
        return (await ctx.meta.getTransactionMetrics()).databaseQueries.used;
      });
    const one = await used();
    await mapChannel(backend, "discord", { externalId: "100000000000000002" });
    expect(((await used()) - one) * 1_000).toBeLessThan(LIMIT);
  });
});
