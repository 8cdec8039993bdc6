import { expect, test } from "vitest";
import type { AcceptedPost, VisibleMessage } from "../../../stand_ins/chat.ts";
import type { RelayRecord, Said } from "./record.ts";
import { judgeRelay } from "./verdict.ts";

const SAID: readonly Said[] = [
  { id: "s1", author: "Ada", text: "one *two* <https://e.com>" },
  { id: "s2", author: "Grace", text: "look:\n```\na  b\n```" },
  { id: "s3", author: "Ada", text: "yes" },
  { id: "s4", author: "Ada", text: "yes" },
  { id: "s5", author: "Grace", text: "@Bridge why?" },
];
const ANSWER = "You said, Grace: “why?”.";

/** What the platform accepted of them, without a fault. */
const COPIES: readonly AcceptedPost[] = [
  ...SAID.map(({ id, author, text }) => copy(id.replace("s", "d"), author, text)),
  post("d6", ANSWER, { replyTo: "d5" }),
];

function post(id: string, text: string, more: Partial<AcceptedPost> = {}): AcceptedPost {
  return { id, channel: "C", text, at: 0, pings: [], body: {}, ...more };
}

function copy(id: string, name: string, text: string): AcceptedPost {
  return post(id, text, { persona: { name } });
}

function seen(posts: readonly AcceptedPost[]): VisibleMessage[] {
  return posts.flatMap(({ id, text, persona }) =>
    persona
      ? [{ id, author: persona.name ?? "", authorId: "W", text, edited: false, fromBot: true }]
      : [],
  );
}

function judged(posts: readonly AcceptedPost[], more: Partial<RelayRecord> = {}) {
  const record: RelayRecord = {
    platform: "discord",
    said: SAID,
    posts,
    seen: seen(posts),
    asks: (text) => text.includes("@Bridge"),
    answers: [ANSWER],
    ...more,
  };
  return judgeRelay([record]);
}

/** The copies with some replaced: by nothing, or by others. */
function withCopies(changes: Readonly<Record<string, readonly AcceptedPost[]>>) {
  return COPIES.flatMap((each) => changes[each.id] ?? [each]);
}

const OK = { relayed: 5, replies: 1, lost: 0, duplicated: 0, inverted: 0, differences: [] };

test("finds nothing where each message is there once, whatever marks its text has", () => {
  expect(judged(COPIES)).toEqual(OK);
  const marked = copy("d1", "Ada", "one **two** https://e.com");
  expect(
    judged(withCopies({ d1: [marked] }), { said: SAID.with(0, said("one _two_ https://e.com")) }),
  ).toEqual(OK);
});

function said(text: string): Said {
  return { id: "s1", author: "Ada", text };
}

test("puts the parts of a long message together", () => {
  const lines = Array.from({ length: 40 }, (_, n) => `line ${n.toString()}`);
  const long = said(["```", ...lines, "```"].join("\n"));
  const half = (from: number, to: number) => ["```", ...lines.slice(from, to), "```"].join("\n");
  const [first, second] = [copy("d1", "Ada", half(0, 20)), copy("d1b", "Ada", half(20, 40))];
  const all = SAID.with(0, long);
  expect(judged(withCopies({ d1: [first, second] }), { said: all })).toEqual(OK);
  expect(judged(withCopies({ d1: [first] }), { said: all }).differences).toEqual([
    expect.stringContaining("different text: discord post d1, of Ada's message s1"),
  ]);
});

test.each([
  ["a lost message", { d2: [] }, { lost: 1 }, "lost: Grace's message s2 is not on discord"],
  [
    "one of two equal messages lost",
    { d4: [] },
    { lost: 1 },
    "lost: Ada's message s4 is not on discord",
  ],
  [
    "a message posted twice",
    { d3: [copy("d3", "Ada", "yes"), copy("d9", "Ada", "yes")] },
    { duplicated: 1 },
    "duplicated: discord post d4 by Ada repeats a message",
  ],
  [
    "a message that nobody wrote",
    { d4: [copy("d4", "Ada", "yes"), copy("d9", "Bob", "no")] },
    { duplicated: 1 },
    "duplicated: discord post d9 by Bob is nobody's message",
  ],
  [
    "another name",
    { d2: [copy("d2", "Ada", SAID[1]?.text ?? "")] },
    {},
    "wrong name: discord post d2 is Grace's message s2, by Ada",
  ],
  [
    "code that differs by a space",
    { d2: [copy("d2", "Grace", "look:\n```\na b\n```")] },
    {},
    `different text: discord post d2, of Grace's message s2: "look:\\n\`\`\`a b\`\`\`", not "look:\\n\`\`\`a  b\`\`\`"`,
  ],
  [
    "another order",
    { d2: [], d3: [copy("d3", "Ada", "yes"), copy("d2", "Grace", SAID[1]?.text ?? "")] },
    { inverted: 1 },
    "out of order: discord post d2 by Grace is late",
  ],
  ["an answer that is missing", { d6: [] }, { lost: 1 }, `lost: not on discord is “${ANSWER}”`],
  [
    "an answer posted twice",
    { d6: [post("d6", ANSWER, { replyTo: "d5" }), post("d7", ANSWER, { replyTo: "d5" })] },
    { duplicated: 1 },
    "duplicated: discord post d7 repeats an answer or is none",
  ],
  [
    "an answer to something else",
    { d6: [post("d6", ANSWER, { replyTo: "d4" })] },
    {},
    "misplaced: the answer d6 on discord is no reply to a question",
  ],
])("reports %s", (_, changes: Readonly<Record<string, readonly AcceptedPost[]>>, counts, first) => {
  const verdict = judged(withCopies(changes));
  const { lost, duplicated, inverted } = { lost: 0, duplicated: 0, inverted: 0, ...counts };
  expect(verdict).toMatchObject({ lost, duplicated, inverted });
  expect(verdict.differences[0]).toBe(first);
});

test("reports an answer on Slack that quotes something else, and takes the quote away", () => {
  const answer = (quote: string) => [post("d6", `> **Grace:** ${quote}\n\n${ANSWER}`)];
  const slack = (quote: string) =>
    judged(withCopies({ d6: answer(quote) }), { platform: "slack" }).differences;
  expect(slack("@Bridge why?")).toEqual([]);
  expect(slack("nothing")).toEqual([
    "misplaced: the answer d6 on slack does not quote its question",
  ]);
});

test("counts an answer that is on both platforms once", () => {
  const base = { said: [], seen: [], asks: () => false, answers: [ANSWER] };
  const posts = [post("1", ANSWER)];
  const verdict = judgeRelay([
    { ...base, platform: "discord", posts },
    { ...base, platform: "slack", posts: [] },
  ]);
  expect(verdict).toMatchObject({ replies: 0, lost: 1 });
});
