import { beforeEach, expect, test } from "vitest";
import { api } from "../../../_generated/api.js";
import { AiStream } from "../../../../test/support/convex/ai_stream.ts";
import {
  IDS,
  mapChannel,
  pass,
  rows,
  settleDown,
} from "../../../../test/support/convex/backend.ts";
import { deleted, said } from "../../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../../test/support/convex/fresh.ts";
import { posted } from "../../../../test/support/convex/worker.ts";
import { room, useFreshRoom, worker } from "../../../../test/support/convex/fresh_room.ts";

/* What people do to a channel and to posts while an answer is written. */

useFreshRoom();

const TARGET = { platform: "discord", externalId: IDS.discord } as const;

beforeEach(async () => {
  await backend.admin.mutation(api.admin.change, { ...TARGET, stream: true });
});

async function beginning(text = "It is"): Promise<AiStream> {
  const stream = new AiStream();
  ai.answers(stream.answer);
  await ingest(said(room, { content: "why?" }));
  await settleDown(backend);
  stream.say(text);
  await pass(backend, 1_500);
  return stream;
}

async function deliveries() {
  return (await rows(backend, "deliveries")).map(({ op, state }) => `${op} ${state}`);
}

test("an answer whose channel is unmapped before its post, and mapped again, is posted whole", async () => {
  const stream = await beginning();
  await backend.admin.mutation(api.admin.unmap, TARGET);
  expect(await deliveries()).toEqual(["create cancelled"]);
  await pass(backend, 100);
  await mapChannel(backend);
  stream.say(" so");
  await pass(backend, 2_000);
  expect(await deliveries()).toEqual(["create cancelled"]);
  stream.end();
  await settleDown(backend);
  expect(await deliveries()).toEqual(["create cancelled", "create ready"]);
  const { content, replyTo } = await worker.take();
  expect(content).toBe("It is so");
  expect(replyTo).toBeDefined();
});

test("a part that a moderator deletes before the last edit is not posted again", async () => {
  const stream = await beginning();
  const create = await worker.take();
  await worker.settle(create, posted("900", 0, false));
  stream.say(" so");
  stream.end();
  await settleDown(backend);
  await worker.settle(create, posted("901", 1));
  expect(await deliveries()).toEqual(["create sent", "edit ready"]);
  await ingest(deleted(room, "901"));
  expect(await deliveries()).toEqual(["create sent", "edit cancelled", "delete ready"]);
});

test("a post that the last edit itself removes takes nothing else with it", async () => {
  const stream = await beginning();
  const create = await worker.take();
  await worker.settle(create, posted("900", 0, false));
  stream.say(" so");
  stream.end();
  await settleDown(backend);
  await worker.settle(create, posted("901", 1));
  await worker.take();
  await ingest(deleted(room, "901"));
  expect(await deliveries()).toEqual(["create sent", "edit leased"]);
});
