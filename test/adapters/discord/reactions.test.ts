import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { Stage } from "./stage.ts";

let stage: Stage;
let discord: Stage["discord"];

beforeEach(async () => {
  stage = await Stage.open();
  discord = stage.discord;
});
afterEach(async () => {
  expect(discord.refused).toEqual([]);
  await stage.close();
});

const soon = () => AbortSignal.timeout(10_000);

test("reactions of people and apps arrive in order, with a name only when they are added", async () => {
  const { general: channel, ada: person } = stage;
  const { events } = await stage.listen(stage.bridge());
  const id = discord.say({ channel, person, text: "lunch?" });
  const thumb = { channel, id, person, emoji: "👍🏽" };
  discord.reactions.add(thumb);
  discord.reactions.add({ ...thumb, person: discord.addBot("CI"), emoji: ":parrot:" });
  discord.reactions.add({ ...thumb, emoji: "\u2764" });
  discord.reactions.remove(thumb);
  discord.reactions.clear({ channel, id, emoji: ":parrot:" });
  discord.reactions.clear({ channel, id });
  await eventually(() => expect(events).toHaveLength(7));
  const ada = { externalId: person, workspaceId: discord.guildId };
  const on = { mappingId: stage.mapping.mappingId, externalId: id };
  expect(events.slice(1)).toMatchObject([
    { type: "reaction", ...on, author: { ...ada, name: "Ada" }, emoji: "👍🏽", change: "added" },
    { type: "reaction", ...on, author: { name: "CI" }, emoji: ":parrot:", change: "added" },
    { type: "reaction", ...on, emoji: "\u2764\uFE0F", change: "added" },
    { type: "reaction", ...on, author: ada, emoji: "👍🏽", change: "removed" },
    { type: "reactions", ...on, emoji: ":parrot:", reactions: [] },
    { type: "reactions", ...on, reactions: [] },
  ]);
  expect(events[4]).not.toHaveProperty("author.name");
  const times = events.slice(1).map((event) => ("at" in event ? event.at : 0));
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
});

test("reactions in threads belong to their mapping, and those elsewhere cost no request", async () => {
  const { general: channel, ada: person } = stage;
  const elsewhere = discord.addChannel("elsewhere");
  const { events } = await stage.listen(stage.bridge());
  const other = discord.say({ channel: elsewhere, person, text: "not mapped" });
  discord.reactions.add({ channel: elsewhere, id: other, person, emoji: "👍" });
  const root = discord.say({ channel, person, text: "root" });
  const thread = discord.openThread({ channel, id: root, name: "talk" });
  const inside = discord.say({ channel, thread, person, text: "inside" });
  discord.reactions.add({ channel, thread, id: inside, person, emoji: "👍" });
  await eventually(() => expect(events).toHaveLength(3));
  expect(events[2]).toMatchObject({ type: "reaction", externalId: inside });
  expect(stage.requests("GET channels/:id")).toBe(0);
});

test("history says how many react to each message, also to the bot's own posts", async () => {
  const { general: channel, ada: person } = stage;
  const bridge = stage.bridge();
  await stage.listen(bridge);
  const id = discord.say({ channel, person, text: "lunch?" });
  discord.reactions.add({ channel, id, person, emoji: "👍" });
  discord.reactions.add({ channel, id, person: discord.addPerson("Eve"), emoji: "👍" });
  const own = await bridge.post(stage.delivery(), 0, { text: "mine", upTo: 4 }, soon());
  discord.reactions.add({ channel, id: own, person, emoji: "👎" });
  const page = await bridge.history.newest(stage.mapping, 10, soon());
  expect(page.events.map(({ externalId }) => externalId)).toEqual([id]);
  expect(page.reactions).toMatchObject([
    { externalId: id, reactions: [{ emoji: "👍", count: 2 }] },
    { externalId: own, reactions: [{ emoji: "👎", count: 1 }] },
  ]);
});
