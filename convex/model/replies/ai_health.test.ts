import { expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { completion, refused } from "../../../test/support/convex/ai.ts";
import { pass, rows } from "../../../test/support/convex/backend.ts";
import { ai, backend } from "../../../test/support/convex/fresh.ts";
import { room, useFreshRoom } from "../../../test/support/convex/fresh_room.ts";
import { exchange } from "../../../test/support/convex/worker.ts";

useFreshRoom();

const REFUSED = "the AI service refused the key (OPENAI_API_KEY)";

async function health() {
  return (await backend.admin.query(api.admin.status, {})).aiHealth;
}

test("answers that work write nothing, and the status has nothing to say", async () => {
  await exchange(backend, room);
  await exchange(backend, room);
  expect(await rows(backend, "aiHealth")).toEqual([]);
  expect(await health()).toBeUndefined();
});

test("replies that finally fail are counted in one row, with when it began and why", async () => {
  ai.always(() => refused(401));
  const since = Date.now();
  await exchange(backend, room);
  await pass(backend, 60_000);
  const at = Date.now();
  await exchange(backend, room, { content: "anybody there?" });
  expect(await health()).toEqual({ since, reason: REFUSED, failures: 2, at });
  expect(await rows(backend, "aiHealth")).toHaveLength(1);
});

test("an attempt that is retried is no failure yet", async () => {
  ai.answers(() => refused(500));
  await exchange(backend, room);
  expect(await health()).toBeUndefined();
  await pass(backend, 30_000);
  expect(await rows(backend, "replies")).toMatchObject([{ state: "done", attempt: 2 }]);
  expect(await health()).toBeUndefined();
});

test("the first answer ends it, later ones change nothing, and the next failure begins anew", async () => {
  ai.answers(() => refused(401));
  await exchange(backend, room);
  await pass(backend, 60_000);
  const endedAt = Date.now();
  await exchange(backend, room);
  expect(await health()).toMatchObject({ failures: 1, endedAt });
  await pass(backend, 60_000);
  await exchange(backend, room);
  expect(await health()).toMatchObject({ endedAt });
  ai.answers(() => refused(404));
  const at = Date.now();
  await exchange(backend, room);
  const reason = "the AI service does not know the model";
  expect(await health()).toEqual({ since: at, reason, failures: 1, at });
});

test("an answer without a text is a failure, not the end of failures", async () => {
  ai.answers(() => refused(401));
  await exchange(backend, room);
  ai.always(() => completion(null));
  await exchange(backend, room);
  await pass(backend, 60_000);
  const found = await health();
  expect(found).toMatchObject({ failures: 2, reason: "the AI service gave no usable answer" });
  expect(found?.endedAt).toBeUndefined();
});
