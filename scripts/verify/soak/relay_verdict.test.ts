import { expect, test } from "vitest";
import type { PlatformName } from "../../../bridges/platform.ts";
import type { PersonAct } from "../../stand_ins/chat.ts";
import { judgeRelay, type RelayedChannel } from "./relay_verdict.ts";

/** Text, and the thread that it is in. A message's id is its platform and its token. */
type Line = readonly [text: string, thread?: string];

interface Channel {
  readonly said?: readonly Line[];
  readonly copies?: readonly Line[];
  readonly later?: readonly PersonAct[];
}

const idOf = (platform: PlatformName, text: string) => `${platform} ${text.split(":", 1).join("")}`;

function channel(
  platform: PlatformName,
  { said = [], copies = [], later = [] }: Channel,
): RelayedChannel {
  const place = (thread: string | undefined) => ({
    channel: "C",
    ...(thread !== undefined && { thread }),
  });
  const acts = said.map(([text, thread]) => ({
    ...{ kind: "say" as const, id: idOf(platform, text), person: "U", at: 1, text },
    ...place(thread),
  }));
  const posts = copies.map(([text, thread]) => ({
    ...{ id: idOf(platform, text), text, at: 1, pings: [], body: {} },
    ...place(thread),
  }));
  const transcript = (_channel: string, thread?: string) =>
    posts
      .filter((post) => post.thread === thread)
      .map(({ id, text }) => ({
        ...{ id, text, author: "Ada", authorId: "B", edited: false, fromBot: true },
      }));
  const read = (text: string) => text;
  return {
    ...{ platform, channel: "C", acts: [...acts, ...later], posts, answers: false, read },
    chat: { transcript },
  };
}

function judged(discord: Channel, slack: Channel, storedAt: Record<string, number> = {}) {
  const channels = [channel("discord", discord), channel("slack", slack)] as const;
  const { differences, lost, duplicated, inverted } = judgeRelay(
    channels,
    new Map(Object.entries(storedAt)),
  );
  return { differences, counts: [lost, duplicated, inverted] };
}

const RIGHT = { differences: [], counts: [0, 0, 0] };

test("every message is on the other side once, in its thread", () => {
  const discord = { said: [["m1: root"], ["m3: in", "discord m1"]], copies: [["m2: hi"]] } as const;
  const slack = { said: [["m2: hi"]], copies: [["m1: *root*"], ["m3: in", "slack m1"]] } as const;
  expect(judged(discord, slack)).toEqual(RIGHT);
  expect(judged(discord, { ...slack, copies: [["m1: root"]] }).differences).toEqual([
    "lost: discord m3 on slack",
  ]);
  expect(judged(discord, { ...slack, copies: [["m1: root"], ["m3: in"]] }).differences).toEqual([
    'misplaced: discord m3 on slack is at "" instead of "m1"',
  ]);
});

test("more than one copy, and a copy of nothing, are duplicates", () => {
  const said = { said: [["m1: hi"]] } as const;
  expect(judged(said, { copies: [["m1: hi"], ["m1: hi"]] }).counts).toEqual([0, 1, 0]);
  expect(judged(said, { copies: [["m1: hi"], ["m9: hi"]] }).counts).toEqual([0, 1, 0]);
});

test("a copy has the newest text, and that of a deleted message is gone", () => {
  const change = (kind: "edit" | "delete"): PersonAct => ({
    ...{ id: "discord m1", channel: "C", person: "U", at: 2 },
    ...(kind === "edit" ? { kind, text: "m1: new" } : { kind }),
  });
  const after = (kind: "edit" | "delete", copies: readonly Line[]) =>
    judged({ said: [["m1: old"]], later: [change(kind)] }, { copies }).differences;
  expect(after("edit", [["m1: new"]])).toEqual([]);
  expect(after("edit", [["m1: old"]])).toEqual(["different text: discord m1 on slack"]);
  expect(after("delete", [])).toEqual([]);
  expect(after("delete", [["m1: old"]])).toEqual(["not deleted: discord m1 on slack"]);
});

test("copies are in the order of their messages, or for Slack's in that of their arrival", () => {
  const said: Line[] = [["m1: a"], ["m2: b"]];
  const copies = said.toReversed();
  expect(judged({ said }, { copies }).counts).toEqual([0, 0, 1]);
  const arrived = (first: number, second: number) =>
    judged({ copies }, { said }, { "slack m1": first, "slack m2": second }).counts;
  expect(arrived(1, 2)).toEqual([0, 0, 1]);
  expect(arrived(2, 1)).toEqual([0, 0, 0]);
});

test("a thread that Slack delivered before its root may begin with its first message", () => {
  const said: Line[] = [["m1: root"], ["m2: in", "slack m1"], ["m3: in", "slack m1"]];
  const copies: Line[] = [["m2: in"], ["m3: in", "discord m2"], ["m1: root"]];
  const arrived = { "slack m1": 9, "slack m2": 1, "slack m3": 2 };
  expect(judged({ copies }, { said }, arrived)).toEqual(RIGHT);
  expect(judged({ copies }, { said }, { ...arrived, "slack m1": 0 }).differences).toHaveLength(2);
});

test("a thread may begin with another message when its root was deleted", () => {
  const said: Line[] = [["m1: root"], ["m2: in", "discord m1"]];
  const gone: PersonAct = { kind: "delete", id: "discord m1", channel: "C", person: "U", at: 2 };
  const copies: Line[] = [["m2: in"]];
  expect(judged({ said, later: [gone] }, { copies })).toEqual(RIGHT);
  expect(
    judged({ said: [["m1: root"], ["m2: in"]], later: [gone] }, { copies: [] }).counts,
  ).toEqual([1, 0, 0]);
});
