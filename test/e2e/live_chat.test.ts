import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { startStack, type Stack } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";

const OPTIONS = { skipConvexDeploymentUrlCheck: true, logger: false } as const;
const PATIENCE = { timeout: 10_000 };

let stack: Stack;
let watcher: ConvexClient;

beforeAll(async () => {
  stack = await startStack();
  watcher = new ConvexClient(stack.convex.url, OPTIONS);
});

afterAll(async () => {
  await watcher.close();
  await stack.stop();
});

test("a subscriber to a channel sees messages and the AI's replies as they arrive, until the channel is mapped", async () => {
  const speaker = new ConvexHttpClient(stack.convex.url, OPTIONS);
  const channelId = await speaker.mutation(api.index.createChannel, { name: "hall" });
  const authorId = await speaker.mutation(api.index.createUser, { name: "Ada" });
  const seen: string[][] = [];
  watcher.onUpdate(api.index.listMessages, { channelId }, (messages) => {
    seen.push(messages.map(({ content }) => content));
  });
  await eventually(() => {
    expect(seen).toEqual([[]]);
  }, PATIENCE);

  await speaker.mutation(api.index.sendMessage, { channelId, authorId, content: "hello" });
  const answer = "You said, Ada: “hello”. (I was sent 1 message.)";
  await eventually(() => {
    expect(seen).toEqual([[], ["hello"], [answer, "hello"]]);
  }, PATIENCE);

  const admin = await stack.adminClient();
  const externalId = stack.discord.addChannel("hall");
  await admin.mutation(api.admin.map, { platform: "discord", externalId, adopt: channelId });
  await eventually(() => {
    expect(seen.at(-1)).toEqual([]);
  }, PATIENCE);
});
