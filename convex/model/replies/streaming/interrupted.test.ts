import { expect, test } from "vitest";
import { api } from "../../../_generated/api.js";
import { deleted } from "../../../../test/support/convex/events.ts";
import { backend, ingest } from "../../../../test/support/convex/fresh.ts";
import { room, worker } from "../../../../test/support/convex/fresh_room.ts";
import {
  beginning,
  deliveries,
  TARGET,
  useFreshStream,
} from "../../../../test/support/convex/fresh_stream.ts";
import { mapChannel, pass, settleDown } from "../../../../test/support/convex/backend.ts";
import { posted } from "../../../../test/support/convex/worker.ts";

/* What people do to a channel and to posts while an answer is written. */

useFreshStream();

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

/** An answer in two posts, whose last edit is to come. */
async function postInTwoParts(): Promise<void> {
  const stream = await beginning();
  const create = await worker.take();
  await worker.settle(create, posted("900", 0, false));
  stream.say(" so");
  stream.end();
  await settleDown(backend);
  await worker.settle(create, posted("901", 1));
}

test("a part that a moderator deletes before the last edit is not posted again", async () => {
  await postInTwoParts();
  expect(await deliveries()).toEqual(["create sent", "edit ready"]);
  await ingest(deleted(room, "901"));
  expect(await deliveries()).toEqual(["create sent", "edit cancelled", "delete ready"]);
});

test("a post that the last edit itself removes takes nothing else with it", async () => {
  await postInTwoParts();
  await worker.take();
  await ingest(deleted(room, "901"));
  expect(await deliveries()).toEqual(["create sent", "edit leased"]);
});
