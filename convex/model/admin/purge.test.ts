import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { IDS, pass, rows, settleDown } from "../../../test/support/convex/backend.ts";
import { backend } from "../../../test/support/convex/fresh.ts";
import {
  discord,
  mapSide,
  messageOf,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";

/* `unmap --delete-messages`. */

useRelay();

async function unmapSlack(deleteMessages: boolean): Promise<void> {
  await backend.admin.mutation(api.admin.unmap, {
    platform: "slack",
    externalId: IDS.slack,
    deleteMessages,
  });
}

const left = async () => (await rows(backend, "messages")).map(({ content }) => content);

describe("a channel that was mapped to another one before", () => {
  test("loses what it said there, too", async () => {
    await slack.says("in the room");
    await unmapSlack(false);
    await mapSide("slack", { to: "another room" });
    await slack.says("in another room");
    await unmapSlack(true);
    await pass(backend, 1_000);
    expect(await left()).toEqual([]);
    expect(await rows(backend, "purges")).toEqual([]);
  });
});

describe("a channel that is mapped again before its messages are deleted", () => {
  test("hears what is said elsewhere meanwhile", async () => {
    await slack.says("old");
    await unmapSlack(true);
    await mapSide("slack");
    await discord.says("new");
    await settleDown(backend);
    expect(await left()).toEqual(["new"]);
    expect(await slack.hears()).toEqual(["new"]);
  });

  test("follows edits and deletes of what it has heard meanwhile", async () => {
    await slack.says("old");
    await unmapSlack(true);
    await mapSide("slack");
    const id = await discord.says("new");
    expect(await slack.hears()).toEqual(["new"]);
    await settleDown(backend);
    expect(await left()).toEqual(["new"]);
    await discord.edits(id, "newer");
    expect(await slack.carryOutAll()).toMatchObject([{ op: "edit", content: "newer" }]);
    await discord.deletes(id);
    expect(await slack.carryOutAll()).toMatchObject([{ op: "delete" }]);
  });
});

test("copies of what others said can still be deleted when the channel is mapped again", async () => {
  const id = await discord.says("said on Discord");
  await slack.carryOutAll();
  const copy = await slack.copyOf(await messageOf("said on Discord"));
  await unmapSlack(true);
  await pass(backend, 1_000);
  await mapSide("slack");
  await discord.deletes(id);
  expect(await slack.carryOutAll()).toMatchObject([
    { op: "delete", posts: [{ externalId: copy }] },
  ]);
});
