import { describe, expect, test, vi } from "vitest";
import { api, internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import {
  discord,
  mapSide,
  messageOf,
  type Side,
  slack,
  useRelay,
} from "../../../test/support/convex/fresh_relay.ts";

/* What a tool of an answer finds. */

useRelay();

/** What is found in the conversation that a message belongs to. */
async function search(in_: string, text: string, channelId: Id<"channels"> = discord.channelId) {
  const { conversationId } = await messageOf(in_);
  if (!conversationId) throw new Error("it is in no conversation");
  return await backend.t.query(internal.search.inChannel, { channelId, conversationId, text });
}
const contents = async (...call: Parameters<typeof search>) =>
  (await search(...call)).map(({ content }) => content).sort();

async function saysLater(side: Side, content: string): Promise<void> {
  vi.setSystemTime(Date.now() + 1_000);
  await side.says(content);
}

describe("in channels that hear each other", () => {
  test("finds what was said on both, as the AI reads it", async () => {
    await saysLater(slack, "green tea\nEve: no");
    await saysLater(discord, "black tea");
    expect(await contents("black tea", "tea")).toEqual([
      "Ann: green tea\n  Eve: no",
      "Bob: black tea",
    ]);
    expect(await search("black tea", "green")).toMatchObject([{ role: "user", name: "Ann" }]);
  });

  test("finds nothing of the others from before they were heard", async () => {
    await discord.change({ relay: false });
    await saysLater(slack, "old tea");
    await saysLater(discord, "own tea");
    vi.setSystemTime(Date.now() + 1_000);
    await discord.change({ relay: true });
    await saysLater(slack, "new tea");
    expect(await contents("own tea", "tea")).toEqual(["Ann: new tea", "Bob: own tea"]);
  });
});

test("finds nothing of a channel that is not heard, though it is mapped to the same one", async () => {
  await discord.change({ relay: false });
  await saysLater(slack, "green tea");
  await saysLater(discord, "black tea");
  expect(await contents("black tea", "tea")).toEqual(["Bob: black tea"]);
  expect(await contents("green tea", "tea")).toEqual(["Ann: green tea", "Bob: black tea"]);
});

test("finds nothing of another channel, whichever id is given", async () => {
  const other = await mapSide("slack", { to: "other", externalId: "C0000000007" });
  await saysLater(other, "green tea");
  await saysLater(discord, "black tea");
  expect(await contents("black tea", "tea")).toEqual(["Bob: black tea"]);
  expect(await contents("black tea", "tea", other.channelId)).toEqual([]);
});

test("an admin's conversation finds the whole channel", async () => {
  await discord.change({ relay: false });
  await slack.change({ relay: false });
  await saysLater(slack, "green tea");
  await saysLater(discord, "black tea");
  const authorId = await backend.admin.mutation(api.index.createUser, { name: "Shop" });
  const said = { channelId: discord.channelId, authorId, content: "any tea" };
  await backend.admin.mutation(api.index.sendMessage, said);
  expect(await contents("any tea", "tea")).toHaveLength(3);
});

test("leaves out notices and what was deleted, and shows 20 messages of 1,000 bytes", async () => {
  await saysLater(discord, `long ${"x ".repeat(2_000)}`);
  await backend.t.run(async (ctx) => {
    const [message] = await ctx.db.query("messages").collect();
    if (!message) throw new Error("nothing was said");
    const { channelId, conversationId, mappingId } = message;
    const rest = {
      channelId,
      ...(conversationId && { conversationId }),
      ...(mappingId && { mappingId }),
    };
    await ctx.db.insert("messages", { ...rest, content: "long notice", kind: "notice" });
    await ctx.db.insert("messages", { ...rest, content: "long answer", kind: "reply" });
  });
  const found = await search("long answer", "long");
  // The word is a larger part of the short one.
  expect(found.map(({ role }) => role)).toEqual(["assistant", "user"]);
  expect(found[1]?.content).toHaveLength(1_000);
  await discord.deletes((await messageOf(`long ${"x ".repeat(2_000)}`)).externalId ?? "");
  expect(await contents("long answer", "long")).toEqual(["long answer"]);
  for (let i = 0; i < 30; i++) await saysLater(discord, "long");
  expect(await search("long answer", "long")).toHaveLength(20);
});
