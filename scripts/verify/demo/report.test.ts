import { expect, test } from "vitest";
import type { VisibleMessage } from "../../stand_ins/chat.ts";
import { type TextStyle, PLAIN } from "./terminal_markdown.ts";
import { describePlatform } from "./report.ts";
import type { ChatTranscript } from "./transcripts.ts";

const NAMES = new Map([["U1", "Ada"]]);

function said(id: string, author: string, text: string, more: Partial<VisibleMessage> = {}) {
  return { id, author, authorId: author, text, edited: false, fromBot: false, ...more };
}

function shown(transcript: Partial<ChatTranscript>, style: TextStyle = PLAIN): string[] {
  const whole: ChatTranscript = {
    platform: "slack",
    channel: "C1",
    label: "#lounge",
    messages: [],
    ...transcript,
  };
  const lines = describePlatform([whole], NAMES, style).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    style
      .bold("What people see on Slack")
      .replace("Slack", transcript.platform ? "Discord" : "Slack"),
    "",
    `  ${style.bold("#lounge")}`,
  ]);
  return lines.slice(3).map((line) => line.slice(4));
}

test("shows what people typed with names, without formatting marks, and with code unchanged", () => {
  const text =
    "<@U1>: *bold _both_*, 2*3*4 &lt;b&gt; <https://e.com|the docs>\n```\n  keep_this *as* is\n```\n" +
    "&gt; `a_b_ *c*` in snake_case_words ~out~";
  expect(shown({ messages: [said("1", "Grace", text)] })).toEqual([
    "Grace:",
    "  @Ada: bold both, 2*3*4 <b> the docs (https://e.com)",
    "  │   keep_this *as* is",
    "  ▏ a_b_ *c* in snake_case_words out",
  ]);
});

test("shows what the bot wrote as the platform renders it", () => {
  const markdown = [
    "## Title",
    "**b** _i_ ~~no~~ `c` [docs](https://e.com) https://f.com",
    "| a | 日本 |\n|:--|--:|\n| long | 1 |",
    "1. one\n   - in\n2. two",
    "- [x] done\n- [ ] open",
    "> quote\n> > deeper",
    "```ts\ncode **here**\n```",
    "---",
    "![a cat](https://e.com/c.png)",
  ].join("\n\n");
  const message = said("1", "Bridge", markdown, { fromBot: true });
  expect(shown({ messages: [message] })).toEqual([
    "🤖 Bridge:",
    ...["  Title", "", "  b i n\u0336o\u0336 c docs (https://e.com) https://f.com", ""],
    ...["  a     日本", "  ──────────", "  long     1", ""],
    ...["  1. one", "     • in", "  2. two", ""],
    ...["  ☑ done", "  ☐ open", ""],
    ...["  ▏ quote", "  ▏", "  ▏ ▏ deeper", ""],
    ...["  │ code **here**", "", `  ${"─".repeat(10)}`, ""],
    "  🖼 a cat (https://e.com/c.png)",
  ]);
  const tagged = (tag: string) => (text: string) => `<${tag}>${text}</${tag}>`;
  const style = { bold: tagged("b"), italic: tagged("i"), strike: tagged("s"), dim: tagged("d") };
  const lines = shown({ messages: [message] }, style);
  expect(lines).toContain("  <b>Title</b>");
  expect(lines).toContain(
    "  <b>b</b> <i>i</i> <s>no</s> c docs <d>(https://e.com)</d> https://f.com",
  );
});

test("marks what was relayed, and does not take it for the bot's own", () => {
  const messages = [said("1", "Ada", "Hello", { fromBot: true, inPersona: true })];
  expect(shown({ messages })).toEqual(["Ada (relayed): Hello"]);
});

test("marks edits, replies and broadcasts", () => {
  const messages = [
    said("1", "Ada", "Who is up for lunch?", { edited: true }),
    said("2", "Bridge", "I am.", { fromBot: true, replyTo: "1" }),
    said("3", "Bridge", "And you?", { fromBot: true, replyTo: "0" }),
    said("4", "Alan", "Me too!", { thread: "1" }),
  ];
  expect(shown({ platform: "discord", messages })).toEqual([
    "Ada: Who is up for lunch? (edited)",
    "🤖 Bridge ↩ Ada: I am.",
    "🤖 Bridge ↩ a deleted message: And you?",
    "Alan, in the thread “Who is up for lunch?”: Me too!",
  ]);
});

test("shows the beginning and the end of long messages and conversations", () => {
  const lines = Array.from({ length: 50 }, (_, n) => `line ${n.toString()}`);
  const long = said("1", "Bridge", lines.join("\n\n"), { fromBot: true });
  expect(shown({ messages: [long] })).toContain("  ⋮ 88 more lines");
  const many = lines.map((line, n) => said(n.toString(), "Ada", line));
  expect(shown({ messages: many })).toHaveLength(13);
  expect(shown({ messages: many })[6]).toBe("… 38 more messages …");
});

test("wraps lines to the width of a terminal and indents continuation lines", () => {
  const text = Array.from({ length: 60 }, () => "word").join(" ");
  const lines = shown({ messages: [said("1", "Ada", text)] });
  expect(lines.length).toBeGreaterThan(2);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(98);
  expect(lines.slice(1).every((line) => line.startsWith("  word"))).toBe(true);
});
