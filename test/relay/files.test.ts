import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import type { BridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import type { GivenFile } from "../../scripts/stand_ins/chat.ts";
import { callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";
import { image } from "../support/files/material.ts";
import { type Conversation, RelayStage } from "./relay_stage.ts";

/* Files of messages: as people see them on the other platform, and as the AI is shown them. */

let stage: RelayStage;
let bridge: BridgeProcess;

beforeAll(async () => {
  stage = await RelayStage.open();
  bridge = await stage.stack.startBridge();
});
afterAll(async () => {
  await stage.stack.stop();
  const { discord, slack, openai } = stage.stack;
  expect([...discord.refused, ...slack.refused, ...openai.refused]).toEqual([]);
});

const other = (platform: PlatformName) => (platform === "discord" ? "slack" : "discord");
/** What people see: texts and their files. */
const seen = (talk: Conversation, platform: PlatformName) =>
  talk.seen(platform).map(({ text, files = [] }) => [text, files.map(({ name }) => name)]);
const dataOf = ({ type = "", bytes }: GivenFile) =>
  `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
/** How many files Convex was given. */
const heldFiles = async () =>
  callsOf(await stage.stack.convex.stats(), "bridge:attachFile", "mutation");
/** The images of the request whose last message contains `text`. */
const shownToAi = (text: string) => {
  const found = stage.stack.openai.requests.filter(({ messages }) =>
    messages.at(-1)?.content.includes(text),
  );
  expect(found).toHaveLength(1);
  return found[0]?.messages.flatMap(({ images = [] }) => images);
};

describe.each(PLATFORMS)("from %s", (from) => {
  const to = other(from);

  test("images appear on the other platform, in their order, with their bytes", async () => {
    const talk = await stage.conversation(`images ${from}`);
    const files = [image("first.png"), image("second.gif", { type: "image/gif" })];
    talk.say(from, "Ada", "look", { files });
    await eventually(() => expect(seen(talk, to)).toEqual([["look", ["first.png", "second.gif"]]]));
    const copied = talk.seen(to)[0]?.files ?? [];
    expect(copied.map(({ bytes }) => Buffer.from(bytes))).toEqual(
      files.map(({ bytes }) => Buffer.from(bytes)),
    );
  });

  test("an edit keeps them, and a delete removes them", async () => {
    const talk = await stage.conversation(`edits ${from}`);
    const id = talk.say(from, "Ada", "look", { files: [image("a.png")] });
    await eventually(() => expect(seen(talk, to)).toEqual([["look", ["a.png"]]]));
    talk.edit(from, id, "look here");
    await eventually(() => expect(seen(talk, to)).toEqual([["look here", ["a.png"]]]));
    talk.remove(from, id);
    await eventually(() => expect(seen(talk, to)).toEqual([]));
  });

  test("the AI sees two screenshots in their order, and none of a message that was deleted", async () => {
    const talk = await stage.conversation(`ai ${from}`, { relay: false });
    const before = await heldFiles();
    const deleted = talk.say(from, "Ada", "not this", { files: [image("deleted.png")] });
    await eventually(async () => expect(await heldFiles()).toBe(before + 1));
    const files = [image(`one ${from}.png`), image(`two ${from}.png`)];
    talk.remove(from, deleted);
    const bot = stage.stack.chat(from).mention(stage.stack.chat(from).botId);
    talk.say(from, "Ada", `${bot} what differs in ${from}?`, { files });
    await eventually(() =>
      expect(shownToAi(`what differs in ${from}?`)).toEqual(files.map(dataOf)),
    );
  });
});

test("a file that is no image is a line, unless all files are wanted, and on Slack anyway", async () => {
  const text = { name: "notes.txt", type: "text/plain", bytes: Buffer.from("hello") };
  const images = await stage.conversation("lines");
  images.say("slack", "Ada", "see", { files: [text] });
  await eventually(() =>
    expect(images.lines("discord")[0]).toMatch(/^Ada: see\n\n📎 \[notes\.txt\]/),
  );
  const all = await stage.conversation("all files", { files: "all" });
  all.say("slack", "Ada", "see", { files: [text] });
  await eventually(() => expect(seen(all, "discord")).toEqual([["see", ["notes.txt"]]]));
  all.say("discord", "Grace", "seen", { files: [text] });
  await eventually(() =>
    expect(all.lines("slack").at(-1)).toMatch(/^Grace: seen\n\n📎 \[notes\.txt\]/),
  );
});

test("a message whose image cannot be had is relayed with a line, and says so once", async () => {
  const talk = await stage.conversation("gone");
  const fault = stage.stack.slack.faults.storm(404, "GET files-pri");
  talk.say("slack", "Ada", "look", { files: [image("gone.png")] });
  await eventually(() =>
    expect(talk.lines("discord")[0]).toMatch(/^Ada: look\n\n📎 \[gone\.png\]/),
  );
  fault();
  expect(talk.lines("discord")).toHaveLength(1);
});

test.each(["GET files-pri", "POST webhooks/:id/:token"])(
  "a bridge killed at %s posts the message once, with its image or a line for it",
  { timeout: 150_000 },
  async (at) => {
    const talk = await stage.conversation(`killed ${at}`);
    const before = await heldFiles();
    const { slack, discord } = stage.stack;
    const faults = at.startsWith("GET") ? slack.faults : discord.faults;
    const killed = new Promise<void>((resolve) => {
      faults.at(
        (entry) => entry.direction === "in" && entry.name === at,
        "after",
        () => {
          void bridge.kill().then(resolve);
        },
      );
    });
    talk.say("slack", "Ada", "look", { files: [image("killed.png")] });
    await killed;
    bridge = await stage.stack.startBridge();
    await eventually(async () => expect(await heldFiles()).toBe(before + 1));
    await eventually(() => expect(talk.lines("discord")).toHaveLength(1), { timeout: 120_000 });
    await stage.settled(120_000);
    const [[text, files] = []] = seen(talk, "discord");
    if (files?.length === 0) expect(text).toMatch(/^look\n+📎/);
    else expect([text, files]).toEqual(["look", ["killed.png"]]);
  },
);
