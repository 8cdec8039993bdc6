import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Outcome } from "../../../bridges/platform.ts";
import { Stage } from "./stage.ts";
import { eventually } from "../../support/eventually.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(async () => {
  await stage.close();
});

const AVAILABLE_AGAIN = "a channel is available again: m";
const PERMISSIONS_CHANGED = "permissions have changed: m";

async function start(outcome?: Outcome) {
  const platform = stage.bridge();
  return { platform, ...(await stage.listen(platform, outcome)) };
}

test("a renamed channel is reported once if it is mapped, and otherwise not", async () => {
  const { updates } = await start();
  const other = stage.discord.addChannel("other");
  stage.discord.renameChannel(other, "elsewhere");
  stage.discord.renameChannel(stage.general, "lounge");
  stage.discord.deny(stage.general, { threads: true });
  await eventually(() => expect(updates).toEqual([{ mappingId: "m", name: "lounge" }]));
});

test("a deleted channel is marked as deleted", async () => {
  const { healths } = await start();
  stage.discord.removeChannel(stage.general);
  await eventually(() =>
    expect(healths).toMatchObject([
      { mappingId: "m", direction: "in", trouble: { code: "10003" } },
    ]),
  );
});

test("the bot types from the question to the reply", async () => {
  const { platform } = await start("asked");
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

test("a server outage marks no mapping, and afterwards its channels are caught up", async () => {
  const { healths, gaps, updates } = await start();
  expect(gaps).toEqual(["a new Discord session"]);
  stage.discord.guild.setPresence("away");
  stage.discord.renameChannel(stage.general, "lounge");
  stage.discord.guild.setPresence("in");
  await eventually(() => expect(gaps).toEqual(["a new Discord session", AVAILABLE_AGAIN]));
  expect(healths).toEqual([]);
  expect(updates).toEqual([{ mappingId: "m", name: "lounge" }]);
});

test("a server that is unavailable when the session begins is caught up once it is available", async () => {
  stage.discord.guild.setPresence("away");
  const { gaps } = await start();
  stage.discord.guild.setPresence("in");
  await eventually(() => expect(gaps).toEqual(["a new Discord session", AVAILABLE_AGAIN]));
});

test("removing the bot from its server marks the mapping; inviting it again starts a catch-up", async () => {
  const { platform, healths, gaps } = await start();
  stage.discord.guild.setPresence("out");
  await eventually(() =>
    expect(healths).toMatchObject([{ direction: "in", trouble: { code: "guild_left" } }]),
  );
  const { history } = platform;
  const activity = () => history.activity(stage.mapping, "0", AbortSignal.timeout(5_000));
  await expect(activity()).rejects.toMatchObject({ code: "guild_left", mapping: true });
  stage.discord.guild.setPresence("in");
  await eventually(() => expect(gaps).toContain(AVAILABLE_AGAIN));
  expect(await activity()).toMatchObject({ channel: "quiet" });
});

test("a channel that becomes visible again is caught up", async () => {
  const { gaps } = await start();
  stage.discord.deny(stage.general, { view: true });
  stage.discord.deny(stage.general, {});
  await eventually(() =>
    expect(gaps).toEqual([
      "a new Discord session",
      PERMISSIONS_CHANGED,
      PERMISSIONS_CHANGED,
      AVAILABLE_AGAIN,
    ]),
  );
});
