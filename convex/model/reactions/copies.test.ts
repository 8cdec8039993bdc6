import { expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { rows, settleDown } from "../../../test/support/convex/backend.ts";
import { reacted, reactionsOf } from "../../../test/support/convex/events.ts";
import { backend } from "../../../test/support/convex/fresh.ts";
import { discord, messageOf, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";

useRelay();

const ANN = { externalId: "U1", workspaceId: "T1" };

async function shown(content: string) {
  const { channelId } = discord;
  const paginationOpts = { numItems: 10, cursor: null };
  const { page } = await backend.admin.query(api.admin.transcript, { channelId, paginationOpts });
  return page.find((row) => row.content === content)?.reactions;
}

test("a reaction to a copy means the message, and each place has its own count", async () => {
  const id = await discord.says("lunch?");
  await slack.carryOutAll();
  const copy = await slack.copyOf(await messageOf("lunch?"));
  await discord.ingest(reacted(discord.mappingId, id));
  await slack.ingest(reacted(slack.mappingId, copy, { author: ANN }));
  expect(await shown("lunch?")).toEqual([{ emoji: "👍", count: 2 }]);
  await discord.ingest(reactionsOf(discord.mappingId, id, { emoji: "👍", count: 3 }));
  expect(await shown("lunch?")).toEqual([{ emoji: "👍", count: 4 }]);
  await discord.ingest(reactionsOf(discord.mappingId, id));
  expect(await shown("lunch?")).toEqual([{ emoji: "👍", count: 1 }]);
});

test("a relayed answer is rated wherever it is posted", async () => {
  await discord.change({ trigger: "always" });
  await discord.says("why?");
  await settleDown(backend);
  await discord.carryOutAll();
  await slack.carryOutAll();
  const answer = await messageOf("answer 1");
  await discord.ingest(reacted(discord.mappingId, await discord.copyOf(answer)));
  await slack.ingest(reacted(slack.mappingId, await slack.copyOf(answer), { author: ANN }));
  expect((await rows(backend, "replies"))[0]?.feedback).toEqual({ up: 2, down: 0 });
});

test("a message that is deleted takes the reactions to its copies with it", async () => {
  const id = await discord.says("lunch?");
  await slack.carryOutAll();
  const copy = await slack.copyOf(await messageOf("lunch?"));
  await slack.ingest(reacted(slack.mappingId, copy, { author: ANN }));
  await discord.deletes(id);
  expect(await rows(backend, "reactions")).toEqual([]);
  expect(await slack.ingest(reacted(slack.mappingId, copy, { author: ANN }))).toEqual(["ignored"]);
});
