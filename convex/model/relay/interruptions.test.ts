import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";
import { discord, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";
import { posted, retry, states } from "../../../test/support/convex/worker.ts";

useRelay();

const MINUTE_MS = 60_000;

async function unmap(): Promise<void> {
  const { platform, externalId } = slack;
  await backend.admin.mutation(api.admin.unmap, { platform, externalId });
}

describe("a relay that is switched off", () => {
  test("posts nothing that has not begun", async () => {
    await discord.says("one");
    await discord.says("two");
    await slack.change({ relay: false });
    expect(await slack.carryOutAll()).toEqual([]);
    expect(await rows(backend, "deliveries")).toMatchObject([
      { state: "cancelled", reason: "the relay was switched off" },
      { state: "cancelled", reason: "the relay was switched off" },
    ]);
  });

  test("completes what is partly posted, or may be", async () => {
    await discord.says("long");
    const claimed = await slack.take();
    await slack.worker.settle(claimed, posted("900", 0, false));
    await slack.worker.settle(claimed, retry(0));
    await slack.change({ relay: false });
    await pass(backend, 1_000);
    const again = await slack.take();
    await slack.worker.settle(again, retry(0, false));
    await pass(backend, 30_000);
    expect(await slack.take()).toMatchObject({ outcomeUnknown: true });
  });

  test("does not edit any more", async () => {
    const id = await discord.says("draft");
    await slack.carryOutAll();
    await slack.change({ relay: false });
    await discord.edits(id, "final");
    expect(await slack.carryOutAll()).toEqual([]);
  });

  test("still answers what is asked there", async () => {
    await slack.change({ relay: false, trigger: "always" });
    await slack.says("why?");
    await pass(backend, 1_000);
    expect(await slack.hears()).toEqual(["answer 1"]);
  });
});

describe("a channel that is unmapped", () => {
  test("is relayed nothing any more, also once it is mapped again", async () => {
    await discord.says("one");
    await unmap();
    await discord.says("two");
    await pass(backend, 1_000);
    await mapChannel(backend, "slack", { trigger: "never", relay: true });
    await discord.says("three");
    expect(await slack.hears()).toEqual(["three"]);
  });

  test("while something is posted there has that recorded", async () => {
    const id = await discord.says("one");
    const claimed = await slack.take();
    await unmap();
    await slack.carryOut(claimed);
    expect(await states(backend)).toEqual(["sent"]);
    await discord.edits(id, "two");
    expect(await slack.ready()).toEqual([]);
  });
});

test("a paused channel hears what it missed when it resumes, and nothing is lost or repeated", async () => {
  await slack.change({ state: "paused" });
  const root = await discord.says("root");
  await discord.says("one", { threadId: root });
  expect(await slack.ready()).toEqual([]);
  await slack.change({ state: "active" });
  const [copy, one] = await slack.carryOutAll();
  expect([copy?.content, one?.content]).toEqual(["root", "one"]);
  expect(one?.threadId).toBe(copy?.as);
});

describe("after a backup was restored", () => {
  test("what is relayed late is looked for first, from when it was said", async () => {
    const event = discord.event("hello");
    await pass(backend, 10 * MINUTE_MS);
    await discord.ingest(event);
    expect(await slack.take()).toMatchObject({
      lookFirst: true,
      firstClaimedAt: event.sentAt,
      origin: `${discord.mappingId} ${event.externalId}`,
    });
  });

  test("what was waiting is looked for first", async () => {
    await discord.says("hello");
    await pass(backend, 6 * MINUTE_MS);
    expect(await slack.take()).toMatchObject({ lookFirst: true });
  });

  test("what is said now is sent at once", async () => {
    const event = discord.event("hello");
    await pass(backend, MINUTE_MS / 2);
    await discord.ingest(event);
    expect(await slack.take()).not.toHaveProperty("lookFirst");
  });

  test("a root from before the relay is not looked for where it can't be", async () => {
    await slack.change({ relay: false });
    const root = await discord.says("root");
    await pass(backend, 60 * MINUTE_MS);
    await slack.change({ relay: true });
    const since = Date.now();
    await pass(backend, 1_000);
    await discord.says("one", { threadId: root });
    expect(await slack.take()).toMatchObject({ content: "root", firstClaimedAt: since });
  });
});
