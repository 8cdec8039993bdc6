import { expect, test } from "vitest";
import { api } from "../../../_generated/api.js";
import { said, saidOnSlack } from "../../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../../test/support/convex/fresh.ts";
import { room, spoken, worker } from "../../../../test/support/convex/fresh_room.ts";
import { beginning, TARGET, useFreshStream } from "../../../../test/support/convex/fresh_stream.ts";
import { mapChannel, pass, rows, settleDown } from "../../../../test/support/convex/backend.ts";
import { posted, Worker } from "../../../../test/support/convex/worker.ts";

/* What other places of a channel notice of an answer that is being written. */

useFreshStream();

test("an answer that is being written is not read by another that is asked for elsewhere", async () => {
  const { mappingId } = await mapChannel(backend, "slack", { relay: true });
  await backend.admin.mutation(api.admin.change, { ...TARGET, relay: true });
  const stream = await beginning("Half");
  ai.answers("Ten.");
  const event = saidOnSlack(mappingId, { content: "and when?" });
  await backend.slack.mutation(api.bridge.ingest, { events: [event], advance: [] });
  // Its author's name is looked up first.
  await pass(backend, 2_000);
  expect(JSON.stringify(ai.requests.at(-1)?.messages)).toContain("and when?");
  expect(JSON.stringify(ai.requests.at(-1)?.messages)).not.toContain("Half");
  stream.end();
});

test("an answer that is left cut in an unmapped channel is heard nowhere else", async () => {
  await mapChannel(backend, "slack", { relay: true });
  const stream = await beginning();
  await worker.post("900");
  await backend.admin.mutation(api.admin.unmap, TARGET);
  stream.say(" so");
  await pass(backend, 2_000);
  expect((await spoken())[1]).toMatch(/^It is\n\n_The answer ends here/);
  const heard = (await rows(backend, "deliveries")).filter(({ platform }) => platform === "slack");
  expect(heard).toHaveLength(1);
});

test("the other places of its channel hear an answer when it is whole", async () => {
  await mapChannel(backend, "slack", { relay: true });
  const stream = await beginning();
  const heard = async () =>
    (await rows(backend, "deliveries")).filter(({ platform }) => platform === "slack");
  expect(await heard()).toHaveLength(1);
  stream.say(" simple");
  stream.end();
  await settleDown(backend);
  const slack = new Worker(backend, "worker", "1", "slack");
  await slack.post("1.1");
  expect(await slack.take()).toMatchObject({ content: "It is simple" });
  expect(await heard()).toHaveLength(2);
});

test("a thread that somebody starts from an answer before it is whole has it relayed once", async () => {
  await mapChannel(backend, "slack", { relay: true });
  const stream = await beginning();
  const create = await worker.take();
  await worker.settle(create, posted("900", 0, false));
  await ingest(said(room, { threadId: "900", content: "really?" }));
  const copies = async () =>
    (await rows(backend, "deliveries")).filter(
      ({ platform, messageId }) => platform === "slack" && messageId === create.messageId,
    );
  expect(await copies()).toEqual([]);
  stream.say(" simple");
  stream.end();
  await settleDown(backend);
  expect(await copies()).toHaveLength(1);
});
