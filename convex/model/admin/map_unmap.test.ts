import { describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { BridgeEvent } from "../ingest/event_validators.ts";
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
import { exchange, posted, Worker } from "../../../test/support/convex/worker.ts";

useFreshBackend();

const target = { platform: "discord", externalId: IDS.discord } as const;

describe("unmap and map again", () => {
  test("keeps the row, so that what was mirrored before is still known", async () => {
    const first = await mapChannel(backend, "discord", { trigger: "never" });
    const event = said(first.mappingId);
    await backend.discord.mutation(api.bridge.ingest, { events: [event], advance: [] });
    const unmapped = await backend.admin.mutation(api.admin.unmap, target);
    expect(unmapped).toEqual({
      channelId: first.channelId,
      channelName: "room",
      cancelledDeliveries: 0,
    });
    expect(await backend.discord.query(api.bridge.mappings, {})).toEqual([]);
    expect(await backend.admin.query(api.admin.list, {})).toEqual([]);
    await pass(backend, 60_000);
    const again = await mapChannel(backend, "discord", { trigger: "mention" });
    expect(again).toMatchObject({ ...first, channelCreated: false });
    expect(await rows(backend, "mappings")).toMatchObject([
      { state: "active", trigger: "mention" },
    ]);
    const call = { events: [event], advance: [] };
    expect(await backend.discord.mutation(api.bridge.ingest, call)).toEqual(["known"]);
  });

  test("starts afresh: messages in between are not fetched", async () => {
    const first = await mapChannel(backend);
    const since = async () =>
      (await backend.discord.query(api.bridge.mappings, {}))[0]?.since ?? "";
    const before = await since();
    await backend.admin.mutation(api.admin.unmap, target);
    await pass(backend, 60_000);
    await mapChannel(backend);
    expect((await since()) > before).toBe(true);
    expect(await backend.discord.query(api.bridge.cursors, {})).toEqual([
      { mappingId: first.mappingId, upTo: await since() },
    ]);
  });

  test("elsewhere: old messages stay where they were, new ones go to the new channel", async () => {
    const first = await mapChannel(backend, "discord", { trigger: "never" });
    const say = (content: string) =>
      backend.discord.mutation(api.bridge.ingest, {
        events: [said(first.mappingId, { content })],
        advance: [],
      });
    await say("old");
    await backend.admin.mutation(api.admin.unmap, target);
    const second = await mapChannel(backend, "discord", { to: "elsewhere", trigger: "never" });
    await say("new");
    const list = async (channelId: Id<"channels">) =>
      (await backend.admin.query(api.index.listMessages, { channelId })).map(
        ({ content }) => content,
      );
    expect([await list(first.channelId), await list(second.channelId)]).toEqual([["old"], ["new"]]);
  });

  test("refuses what is not mapped", async () => {
    expect(await failure(backend.admin.mutation(api.admin.unmap, target))).toBe("NOT_MAPPED");
    await mapChannel(backend);
    await backend.admin.mutation(api.admin.unmap, target);
    for (const call of [
      backend.admin.mutation(api.admin.unmap, target),
      backend.admin.mutation(api.admin.change, { ...target, trigger: "never" }),
      backend.admin.mutation(api.admin.unmap, { ...target, platform: "slack" }),
    ]) {
      expect(await failure(call)).toBe("NOT_MAPPED");
    }
  });
});

describe("unmap with deleteMessages", () => {
  const purge = () => backend.admin.mutation(api.admin.unmap, { ...target, deleteMessages: true });

  test("deletes all that was said through the mapping, replies included, and nothing else", async () => {
    const { mappingId, channelId } = await mapChannel(backend);
    const slack = await mapChannel(backend, "slack", { trigger: "never" });
    const authorId = await backend.admin.mutation(api.index.createUser, { name: "Ada" });
    await backend.admin.mutation(api.index.sendMessage, { channelId, authorId, content: "mine" });
    await settleDown(backend);
    await backend.slack.mutation(api.bridge.ingest, {
      events: [{ ...said(slack.mappingId, { content: "on Slack" }) }],
      advance: [],
    });
    await exchange(backend, mappingId, { content: "one" });
    await new Worker(backend).post("8001");
    await exchange(backend, mappingId, { threadId: "7", content: "two" });
    await pass(backend, 1_000);
    await purge();
    await pass(backend, 60_000);
    const left = (await rows(backend, "messages")).map(({ content }) => content);
    expect(left.sort()).toEqual(["answer 1", "mine", "on Slack"]);
    for (const table of ["deliveries", "posts"] as const) {
      expect(await rows(backend, table)).toEqual([]);
    }
    const conversations = await rows(backend, "conversations");
    expect(conversations.some((row) => row.mappingId === mappingId)).toBe(false);
  });

  test("deletes what was kept when the channel was unmapped before, and nothing where none was", async () => {
    expect(await failure(purge())).toBe("NOT_MAPPED");
    const { mappingId, channelId } = await mapChannel(backend, "discord", { trigger: "never" });
    const call = { events: [said(mappingId)], advance: [] };
    await backend.discord.mutation(api.bridge.ingest, call);
    await backend.admin.mutation(api.admin.unmap, target);
    await pass(backend, 60_000);
    expect(await rows(backend, "messages")).toHaveLength(1);
    expect(await purge()).toEqual({ channelId, channelName: "room", cancelledDeliveries: 0 });
    await pass(backend, 60_000);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await rows(backend, "mappings")).toMatchObject([{ state: "unmapped" }]);
  });

  test("deletes more than fits one transaction", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "never" });
    const events = Array.from({ length: 450 }, (_, i) =>
      said(mappingId, { ...(i % 3 === 0 && { threadId: `t${i % 5}` }) }),
    );
    await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
    await pass(backend, 1_000);
    await purge();
    await pass(backend, 60_000);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await rows(backend, "conversations")).toEqual([]);
  });

  test("leaves what is said after the channel is mapped again", async () => {
    const { mappingId, channelId } = await mapChannel(backend, "discord", { trigger: "never" });
    const say = (...contents: string[]) =>
      backend.discord.mutation(api.bridge.ingest, {
        events: contents.map((content) => said(mappingId, { content })),
        advance: [],
      });
    await say(...Array.from({ length: 120 }, () => "old"));
    await pass(backend, 1_000);
    await purge();
    vi.setSystemTime(Date.now() + 5);
    await mapChannel(backend, "discord", { trigger: "never" });
    await say("new", "newer");
    await pass(backend, 60_000);
    const listed = await backend.admin.query(api.index.listMessages, { channelId });
    expect(listed.map(({ content }) => content)).toEqual(["newer", "new"]);
    expect(await rows(backend, "messages")).toHaveLength(2);
  });

  test("also deletes a reply that was being written", async () => {
    const release = ai.holds("too late");
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await pass(backend, 1_000);
    await purge();
    await pass(backend, 1_000);
    release();
    await pass(backend, 300_000);
    expect(await rows(backend, "messages")).toEqual([]);
    expect(await rows(backend, "deliveries")).toEqual([]);
  });

  test("does not let a redelivery bring back what was deleted", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "never" });
    const event = said(mappingId);
    await backend.discord.mutation(api.bridge.ingest, { events: [event], advance: [] });
    await pass(backend, 1_000);
    await purge();
    await pass(backend, 60_000);
    await mapChannel(backend, "discord", { trigger: "never" });
    const call = { events: [event], advance: [] };
    expect(await backend.discord.mutation(api.bridge.ingest, call)).toEqual(["known"]);
    expect(await rows(backend, "messages")).toEqual([]);
  });

  test("lets history bring back what still stands, and nothing that was deleted there", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "never" });
    const [stands, gone] = [said(mappingId), said(mappingId)];
    const tell = async (...events: BridgeEvent[]) =>
      await backend.discord.mutation(api.bridge.ingest, { events, advance: [] });
    await tell(stands, gone);
    await purge();
    await pass(backend, 60_000);
    await mapChannel(backend, "discord", { trigger: "never", history: 10 });
    await tell(deleted(mappingId, gone.externalId));
    const taken = [stands, gone].map((event) => ({ ...event, backfilled: true as const }));
    expect(await tell(...taken)).toEqual(["inserted", "known"]);
  });

  test("has the channel mapped with history only once it has ended", async () => {
    const { mappingId } = await mapChannel(backend, "discord", { trigger: "never" });
    await backend.discord.mutation(api.bridge.ingest, { events: [said(mappingId)], advance: [] });
    await purge();
    const again = () => mapChannel(backend, "discord", { trigger: "never", history: 10 });
    expect(await failure(again())).toBe("BEING_DELETED");
    await pass(backend, 60_000);
    expect(await failure(again())).toBe("ok");
    expect(await rows(backend, "purges")).toEqual([]);
  });

  test("deletes more replies than fit one transaction", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    await pass(backend, 1_000);
    const [reply] = await rows(backend, "replies");
    await backend.t.run(async (ctx) => {
      if (!reply) throw new Error("nothing was answered");
      const { _id, _creationTime, ...fields } = reply;
      for (let n = 0; n < 2_500; n++) await ctx.db.insert("replies", fields);
    });
    await purge();
    await pass(backend, 60_000);
    for (const table of ["replies", "conversations", "messages"] as const) {
      expect(await rows(backend, table)).toEqual([]);
    }
  });

  test("accepts a bridge's report of a post in flight", async () => {
    const { mappingId } = await mapChannel(backend);
    await exchange(backend, mappingId);
    const worker = new Worker(backend);
    const claimed = await worker.take();
    await pass(backend, 1_000);
    await purge();
    await pass(backend, 60_000);
    expect(await failure(worker.settle(claimed, posted("8001")))).toBe("ok");
  });
});
