import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import { AiStream } from "../../../test/support/convex/ai_stream.ts";
import { IDS, pass, settleDown } from "../../../test/support/convex/backend.ts";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest } from "../../../test/support/convex/fresh.ts";
import { channelId, room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { access } from "../../../test/support/convex/rights.ts";

/* What an app sees of an answer that people watch being written. */

useFreshRoom();

const question = () => said(room, { externalId: "77", content: "why?" });

beforeEach(async () => {
  vi.spyOn(access, "mayRead").mockReturnValue(true);
  const target = { platform: "discord", externalId: IDS.discord } as const;
  await backend.admin.mutation(api.admin.change, { ...target, stream: true });
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function beginning(): Promise<AiStream> {
  const stream = new AiStream();
  ai.answers(stream.answer);
  await ingest(question());
  await settleDown(backend);
  stream.say("It is");
  await pass(backend, 1_500);
  return stream;
}

async function texts(): Promise<string[]> {
  const paginationOpts = { numItems: 10, cursor: null };
  const { page } = await backend.guest.query(api.apps.messages, { channelId, paginationOpts });
  return page.map(({ text }) => text);
}

test("it grows there too, and is whole in the end", async () => {
  const stream = await beginning();
  expect(await texts()).toEqual(["It is", "why?"]);
  stream.say(" so, because");
  await pass(backend, 2_000);
  expect(await texts()).toEqual(["It is so, because", "why?"]);
  stream.say(" of that.");
  stream.end();
  await settleDown(backend);
  expect(await texts()).toEqual(["It is so, because of that.", "why?"]);
});

test("nothing of it is left when its question is deleted", async () => {
  await beginning();
  await ingest(deleted(room, "77"));
  expect(await texts()).toEqual([]);
});
