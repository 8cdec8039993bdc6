import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChannelNews, Health, Intake, MappingId, Outcome } from "../../../bridges/platform.ts";
import { Stage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(async () => {
  await stage.close();
});

const HEARD_AGAIN = "a channel can be heard again: m";

/** The core's side: says that every message is answered, and keeps what it is told of channels. */
async function start() {
  const news: ChannelNews[] = [];
  const healths: Health[] = [];
  const gaps: string[] = [];
  const outcome: Outcome = "asked";
  // An id is a string to everybody but Convex.
  const mappingId = "m" as MappingId;
  const intake: Intake = {
    mappingOf: (id) =>
      id === stage.general
        ? { mappingId, externalId: id, externalName: "general", since: "" }
        : undefined,
    push: () => Promise.resolve(outcome),
    named: () => undefined,
    problem: () => Promise.resolve(),
    gap: (why, about) => gaps.push([why, about].filter(Boolean).join(": ")),
    health: (health) => healths.push(health),
    channel: (told) => {
      news.push(told);
      return Promise.resolve();
    },
  };
  const platform = stage.bridge();
  await platform.start(intake, () => undefined);
  return { platform, news, healths, gaps };
}

test("a mapped channel that is renamed is told of once, another not at all", async () => {
  const { news } = await start();
  const other = stage.discord.addChannel("other");
  stage.discord.renameChannel(other, "elsewhere");
  stage.discord.renameChannel(stage.general, "lounge");
  stage.discord.deny(stage.general, { threads: true });
  await eventually(() => expect(news).toEqual([{ mappingId: "m", name: "lounge" }]));
});

test("a mapped channel that is deleted is marked with what to do", async () => {
  const { healths } = await start();
  stage.discord.removeChannel(stage.general);
  await eventually(() =>
    expect(healths).toMatchObject([
      { mappingId: "m", direction: "in", trouble: { code: "10003" } },
    ]),
  );
});

test("the bot types from the question to the answer", async () => {
  const { platform } = await start();
  const person = stage.discord.addPerson("Ada");
  stage.discord.say({ channel: stage.general, person, text: "hi" });
  await eventually(() => expect(stage.discord.typing).toEqual([{ channel: stage.general }]));
  const piece = { text: "hello", upTo: 5 };
  await platform.post(stage.delivery(), 0, piece, AbortSignal.timeout(5_000));
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  await vi.advanceTimersByTimeAsync(30_000);
  vi.useRealTimers();
  expect(stage.discord.typing).toHaveLength(1);
});

test("a server that Discord has lost for a while is no trouble, and what was said meanwhile is looked for", async () => {
  const { healths, gaps, news } = await start();
  expect(gaps).toEqual(["a new Discord session"]);
  stage.discord.guild.setPresence("away");
  stage.discord.renameChannel(stage.general, "lounge");
  stage.discord.guild.setPresence("in");
  await eventually(() => expect(gaps).toEqual(["a new Discord session", HEARD_AGAIN]));
  expect(healths).toEqual([]);
  expect(news).toEqual([{ mappingId: "m", name: "lounge" }]);
});

test("a server that is away when the session begins is looked through once it comes", async () => {
  stage.discord.guild.setPresence("away");
  const { gaps } = await start();
  stage.discord.guild.setPresence("in");
  await eventually(() => expect(gaps).toEqual(["a new Discord session", HEARD_AGAIN]));
});

test("the bot removed from its server marks the mapping, invited again it looks for what was said", async () => {
  const { platform, healths, gaps } = await start();
  stage.discord.guild.setPresence("out");
  await eventually(() =>
    expect(healths).toMatchObject([{ direction: "in", trouble: { code: "guild_left" } }]),
  );
  const { history } = platform;
  const mapping = { mappingId: "m" as MappingId, externalId: stage.general, since: "" };
  const news = () => history.news(mapping, "0", AbortSignal.timeout(5_000));
  await expect(news()).rejects.toMatchObject({ code: "guild_left", mapping: true });
  stage.discord.guild.setPresence("in");
  await eventually(() => expect(gaps).toContain(HEARD_AGAIN));
  expect(await news()).toMatchObject({ channel: "quiet" });
});

test("a channel that may be seen again is looked through", async () => {
  const { gaps } = await start();
  stage.discord.deny(stage.general, { view: true });
  stage.discord.deny(stage.general, {});
  await eventually(() => expect(gaps).toEqual(["a new Discord session", HEARD_AGAIN]));
});
