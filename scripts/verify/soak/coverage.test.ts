import { expect, test } from "vitest";
import type { Id } from "../../../convex/_generated/dataModel.js";
import { BROKEN_OFF } from "../../../convex/model/replies/ai_service/visible_text.ts";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import type { ChannelRecord } from "../demo/verdict.ts";
import { answerTo } from "../../stand_ins/openai/answers.ts";
import { judgeCoverage } from "./coverage.ts";
import { Random } from "./random.ts";

const asked = (text: string) => [{ role: "user", content: `Ada: ${text}` }];
const request = (text: string) => ({ at: 1, authorised: true, model: "m", messages: asked(text) });

function reply(to: string, createdAt: number, post: string): TranscriptRow {
  return {
    _id: post as Id<"messages">, // Ids are strings; nothing here asks Convex for it.
    _creationTime: createdAt,
    content: answerTo(asked(to)),
    kind: "reply",
    platform: "slack",
    channel: "C1",
    posts: [post],
  };
}

function record(said: readonly string[], posted: readonly string[]): ChannelRecord {
  return {
    platform: "slack",
    channel: "C1",
    answers: true,
    acts: said.map((text, n) => ({
      kind: "say",
      channel: "C1",
      id: n.toString(),
      person: "U1",
      at: 2,
      text,
    })),
    posts: posted.map((id) => ({ id, channel: "C1", text: "", at: 1, pings: [], body: {} })),
    read: (text) => text,
  };
}

test("every question was in the context of a reply that was posted", () => {
  const said = ["m1: hi", "m2: and?"];
  const rows = [reply("m1: hi", 1, "p1"), reply("m2: and?", 2, "p2")];
  const requests = said.map(request);
  expect(judgeCoverage([record(said, ["p1", "p2"])], rows, requests)).toEqual([]);
  expect(judgeCoverage([record(said, ["p1"])], rows.slice(0, 1), requests)).toEqual([
    "not covered: slack message 1 (m2) in C1 is in the context of no reply",
  ]);
});

test("of an answer that broke off, the last attempt that began like it counts", () => {
  const said = ["m1: hi", "m2: and?"];
  const attempts = [asked("m2: and?"), [...asked("m1: hi"), ...asked("m2: and?")]];
  const requests = attempts.map((messages) => ({ ...request(""), messages }));
  const begun = answerTo(attempts[1] ?? []).slice(0, 30);
  const row = { ...reply("m2: and?", 1, "p1"), content: `${begun}\n\n_${BROKEN_OFF}_` };
  expect(judgeCoverage([record(said, ["p1"])], [row], requests)).toEqual([]);
  expect(judgeCoverage([record(said, ["p1"])], [row], requests.slice(0, 1))).toHaveLength(1);
});

test("replies are on the platform in the order in which they were given", () => {
  const rows = [reply("m1: hi", 1, "p1"), reply("m2: and?", 2, "p2")];
  expect(judgeCoverage([record([], ["p2", "p1"])], rows, [])).toEqual([
    'inverted: slack post p2 in thread ""',
  ]);
});

test("a seed repeats its choices", () => {
  const choices = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 5 }, () => random.between(1, 1_000));
  };
  expect(choices(7)).toEqual(choices(7));
  expect(choices(7)).not.toEqual(choices(8));
});
