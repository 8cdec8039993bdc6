import { expect, test } from "vitest";
import type { Id } from "../../../convex/_generated/dataModel.js";
import type { PlatformName } from "../../../bridges/platform.ts";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import { judgeStreams } from "./stream_verdict.ts";

interface Post {
  readonly id: string;
  readonly text: string;
  readonly removed?: true;
  readonly edited?: boolean;
  readonly persona?: { readonly name: string };
}

function channel(platform: PlatformName, posts: readonly Post[]) {
  const made = posts.map((post) => ({ ...post, channel: "C", at: 1, pings: [], body: {} }));
  const seen = posts.map(({ id, text, edited = false }) => ({
    ...{ id, text, edited, author: "Bridge", authorId: "B", fromBot: true },
  }));
  const record = { platform, channel: "C", acts: [], posts: made, answers: true };
  return { ...record, read: (text: string) => text, chat: { transcript: () => seen } };
}

function answer(content: string, posts: readonly string[], more: object = {}): TranscriptRow {
  return {
    _id: "1" as Id<"messages">, // Ids are strings; nothing here asks Convex for it.
    _creationTime: 1,
    ...{ kind: "reply", platform: "discord", channel: "C", content, posts: [...posts] },
    ...more,
  };
}

function judged(discord: readonly Post[], slack: readonly Post[], row: TranscriptRow) {
  const { differences } = judgeStreams(
    [channel("discord", discord), channel("slack", slack)],
    [row],
  );
  return differences;
}

const GROWN = { id: "d1", text: "It is so.", edited: true };

test("an answer is whole in each channel, once; a copy quotes its question", () => {
  const slack = [
    { id: "s1", text: "> **Ada:** is it?\n\nIt is **so**." },
    { id: "s2", text: "is it?", persona: { name: "Ada" } },
  ];
  expect(judged([GROWN], slack, answer("It is **so**.", ["d1", "s1"]))).toEqual([]);
});

test("a copy on Discord may quote its question too", () => {
  const quoting = [{ id: "d1", text: "> **Ada:** is it?\nIt is so." }];
  const slack = [{ id: "s1", text: "It is so." }];
  const row = answer("It is so.", ["d1", "s1"], { platform: "slack" });
  expect(judged(quoting, slack, row)).toEqual([]);
});

test("half a text, a second post, a copy that grew and a missing one show", () => {
  const half = [{ id: "d1", text: "It" }];
  const grown = [{ id: "s1", text: "It is so.", edited: true }];
  expect(judged(half, grown, answer("It is so.", ["d1", "s1"]))).toEqual([
    "different text: reply 1 on discord (asked for here): 2 letters of 6, in posts d1",
    "seen growing: reply 1 on slack, which is a copy",
  ]);
  const twice = [GROWN, { id: "d2", text: "It is so." }];
  expect(judged(twice, [], answer("It is so.", ["d1"]))).toEqual([
    "duplicated: discord post d2 belongs to no reply or repeats one",
    "lost: reply 1 on slack",
  ]);
});

test("an answer that was taken back is seen nowhere", () => {
  const row = answer("", ["d1"], { deletedAt: 2 });
  expect(judged([{ ...GROWN, removed: true }], [], row)).toEqual([]);
  expect(judged([GROWN], [], row)).toEqual(["not taken back: reply 1 on discord is still seen"]);
});
