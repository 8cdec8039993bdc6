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
import { said, saidOnSlack } from "../../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../../test/support/convex/fresh.ts";
import { room, spoken, useFreshRoom, worker } from "../../../../test/support/convex/fresh_room.ts";

/* What other places of a channel notice of an answer that is being written. */

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
