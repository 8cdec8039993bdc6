import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlatformName } from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { OutboxStage, type Room } from "./outbox_stage.ts";

/*
 * The bridge is killed once, while a post of every room is being sent; the next one starts when Discord has forgotten
 * every nonce. So each post is found in the history, or found to be missing.
 */

/** Counted from the first claim: longer than the bridge relies on Discord's nonce. */
const NONCE_GONE_MS = 105_000;

let stage: OutboxStage;
const rooms = {} as Record<PlatformName, Record<string, Room>>;
const room = (platform: PlatformName, name: string): Room => {
  const found = rooms[platform][name];
  if (!found) throw new Error(`no room ${name}`);
  return found;
};

async function open(platform: PlatformName, ...names: string[]): Promise<void> {
  rooms[platform] = {};
  for (const name of names) rooms[platform][name] = await stage.room(platform, name);
}

/** Everything that is being sent when the bridge dies. */
async function play(platform: PlatformName): Promise<void> {
  await room(platform, "landed").askFailing("hangAfterAccept");
  await room(platform, "lost").askFailing("hang");
  const threaded = room(platform, "thread");
  const root = threaded.ask("Look at this.");
  await threaded.posted(1);
  const chat = stage.stack.chat(platform);
  const thread = chat.openThread({ channel: threaded.channel, id: root, name: "This" });
  await threaded.askFailing("hangAfterAccept", "Why?", thread);
}

/** A reply of several parts, the second of which is being sent. */
async function playLong(): Promise<void> {
  const long = room("discord", "long");
  stage.afterNext("discord", "post", () => stage.answerNext("discord", "post", "hangAfterAccept"));
  long.ask("Please write a long reply");
  await long.posted(2);
}

/** A second post like the accepted one, which no nonce and no metadata distinguishes from it. */
async function postTwin(of: Room): Promise<void> {
  const [post] = of.posts;
  if (!post) throw new Error("nothing was posted");
  const { DISCORD_API_URL = "", DISCORD_BOT_TOKEN = "" } = stage.stack.discord.env;
  const answer = await fetch(`${DISCORD_API_URL}/v10/channels/${of.channel}/messages`, {
    method: "POST",
    headers: { authorization: `Bot ${DISCORD_BOT_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({
      content: post.text,
      message_reference: { message_id: post.replyTo },
    }),
  });
  expect(answer.status).toBe(200);
}

beforeAll(async () => {
  stage = await OutboxStage.open();
  await open("discord", "landed", "lost", "thread", "long", "twins");
  await open("slack", "landed", "lost", "thread");
  const bridge = await stage.stack.startBridge();
  await room("discord", "twins").askFailing("hangAfterAccept");
  await Promise.all([play("slack"), play("discord").then(playLong)]);
  await bridge.kill();
  await postTwin(room("discord", "twins"));
  stage.stack.discord.forgetNonces();
  await new Promise((resolve) => setTimeout(resolve, NONCE_GONE_MS));
  await stage.stack.startBridge();
  const all = PLATFORMS.flatMap((platform) => Object.values(rooms[platform]));
  await Promise.all(all.map((each) => each.settled(60_000)));
}, 240_000);

afterAll(async () => {
  expect([...stage.stack.discord.refused, ...stage.stack.slack.refused]).toEqual([]);
  await stage.stack.stop();
});

describe.each(PLATFORMS)("on %s", (platform) => {
  test("killed after the post was accepted, before it was settled: it is found, not repeated", async () => {
    await room(platform, "landed").expectAllOnce();
  });

  test("killed before the post was accepted: the next one posts it", async () => {
    await room(platform, "lost").expectAllOnce();
  });

  test("killed after a post in a thread was accepted: it is found there", async () => {
    await room(platform, "thread").expectAllOnce(2);
  });
});

test("killed after a part of a long reply was accepted: the rest follows, and nothing is posted twice", async () => {
  await room("discord", "long").expectAllOnce();
});

test("two posts of the bot that look alike: nothing is sent, and a person decides", async () => {
  const twins = room("discord", "twins");
  const { failed } = await twins.status();
  expect(failed).toMatchObject([{ code: "OUTCOME_UNKNOWN", outcomeUnknown: true }]);
  expect(failed[0]?.reason).toContain("several posts of the bot look like it");
  expect(twins.posts).toHaveLength(2);
  // Retries everything that failed: it is looked for again, with the same result.
  await stage.admin.mutation(api.admin.retry, {});
  await expect.poll(async () => (await twins.status()).open, { timeout: 30_000 }).toBe(0);
  expect(twins.posts).toHaveLength(2);
  // Retries this one, because the person has looked.
  const [{ deliveryId } = { deliveryId: "" }] = (await twins.status()).failed;
  await stage.admin.mutation(api.admin.retry, { deliveryId });
  await expect.poll(() => twins.posts.length, { timeout: 30_000 }).toBe(3);
}, 60_000);
