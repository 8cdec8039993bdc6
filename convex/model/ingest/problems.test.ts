import { beforeEach, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { ProblemKind } from "./report_validators.ts";
import { completion } from "../../../test/support/convex/ai.ts";
import { deleted, said } from "../../../test/support/convex/events.ts";
import { ai, backend, ingest, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import { IDS, mapChannel, pass, rows } from "../../../test/support/convex/backend.ts";

useFreshBackend();

/* A resolved problem leaves the status; its row stays, marked. */

const DAY = 24 * 60 * 60_000;

beforeEach(() => {
  ai.always(() => completion("an answer"));
});

interface Told {
  readonly mappingId?: Id<"mappings">;
  readonly kind: ProblemKind;
  readonly externalId?: string;
}

const tell = (...problems: Told[]) =>
  backend.discord.mutation(api.bridge.report, {
    people: [],
    health: [],
    problems: problems.map((problem) => ({ ...problem, reason: "why" })),
  });

const caughtUp = (mappingId: Id<"mappings">) =>
  backend.discord.mutation(api.bridge.ingest, {
    events: [],
    advance: [{ mappingId, upTo: "0", caughtUp: { recovered: 0 } }],
  });

async function open(): Promise<(string | undefined)[]> {
  const { problems } = await backend.admin.query(api.admin.status, {});
  return problems.map(({ kind, externalId }) => externalId ?? kind).sort();
}

test("a message that was set aside is resolved once it is stored, or deleted, and caught up with", async () => {
  const { mappingId } = await mapChannel(backend);
  const ids = ["11", "12", "13"];
  await tell(
    ...ids.map((externalId) => ({ mappingId, kind: "event_set_aside" as const, externalId })),
  );
  await tell({ mappingId, kind: "message_unreadable", externalId: "14" });
  await caughtUp(mappingId);
  expect(await open()).toEqual(["11", "12", "13", "14"]);
  await ingest(said(mappingId, { externalId: "11" }), said(mappingId, { externalId: "14" }));
  await ingest(deleted(mappingId, "12"));
  await caughtUp(mappingId);
  expect(await open()).toEqual(["13"]);
  expect(await rows(backend, "problems")).toHaveLength(4);
  // Set aside again: a problem of its own.
  await tell({ mappingId, kind: "event_set_aside", externalId: "11" });
  expect(await open()).toEqual(["11", "13"]);
  expect(await rows(backend, "problems")).toHaveLength(5);
});

test("a thread that nobody could place is resolved once every mapping was caught up with since", async () => {
  const { mappingId } = await mapChannel(backend);
  const more = { externalId: `${IDS.discord.slice(0, -1)}2`, to: "other" };
  const other = await mapChannel(backend, "discord", more);
  await caughtUp(other.mappingId);
  await pass(backend, 1_000);
  await tell({ kind: "thread_unknown", externalId: "81" });
  await pass(backend, 1_000);
  await caughtUp(mappingId);
  expect(await open()).toEqual(["81"]);
  await caughtUp(other.mappingId);
  expect(await open()).toEqual([]);
});

test("a problem that cannot be resolved is hidden after a month without a recurrence", async () => {
  const { mappingId } = await mapChannel(backend);
  await tell({ mappingId, kind: "content_unknown", externalId: "hologram" });
  await tell({ mappingId, kind: "thread_unreadable", externalId: "81" });
  await pass(backend, 29 * DAY);
  await tell({ mappingId, kind: "content_unknown", externalId: "hologram" });
  await caughtUp(mappingId);
  expect(await open()).toEqual(["81", "hologram"]);
  await pass(backend, 2 * DAY);
  await caughtUp(mappingId);
  expect(await open()).toEqual(["hologram"]);
});

test("a channel that is mirrored no more has no problems, others keep theirs", async () => {
  const { mappingId } = await mapChannel(backend);
  const more = { externalId: `${IDS.discord.slice(0, -1)}2`, to: "other" };
  const other = await mapChannel(backend, "discord", more);
  for (const [n, id] of [mappingId, other.mappingId].entries())
    await tell({ mappingId: id, kind: "content_unknown", externalId: `kind ${n.toString()}` });
  await backend.admin.mutation(api.admin.unmap, { platform: "discord", externalId: IDS.discord });
  expect(await open()).toEqual(["kind 1"]);
});
