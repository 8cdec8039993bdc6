import { expect, test } from "vitest";
import type { ChatChange } from "../stand_ins/chat.ts";
import { Terminal } from "./terminal.ts";

function open() {
  const lines: string[] = [];
  const state = { isWhole: false };
  const listeners: ((change: ChatChange) => void)[] = [];
  const terminal = new Terminal(
    async () => state.isWhole,
    (line) => lines.push(line),
  );
  terminal.show(
    {
      onChange(listener) {
        listeners.push(listener);
        return () => undefined;
      },
    },
    "Slack",
  );
  const change = (kind: ChatChange["kind"], text: string, more: object = {}) => {
    const by = { author: "Bridge", authorId: "B", fromBot: true, edited: kind === "edited" };
    for (const listener of listeners)
      listener({ kind, channel: "C", message: { id: "1", text, ...by, ...more } });
  };
  return { lines, state, terminal, change };
}

test("an answer that grows is printed once, when it is whole", async () => {
  const { lines, state, terminal, change } = open();
  change("new", "It");
  change("edited", "It is");
  change("new", "Hurry!", { id: "2", fromBot: false, author: "Ada" });
  expect(lines).toEqual(["Slack   | Ada: Hurry!"]);
  change("edited", "It is so.");
  state.isWhole = true;
  await terminal.shown();
  expect(lines).toEqual(["Slack   | Ada: Hurry!", "Slack   | Bridge: It is so."]);
  change("edited", "It was so.");
  expect(lines.at(-1)).toBe("Slack   | Bridge (edited): It was so.");
});

test("an answer that is taken back before it is whole is not printed", async () => {
  const { lines, state, terminal, change } = open();
  change("new", "It");
  change("deleted", "It");
  state.isWhole = true;
  await terminal.shown();
  expect(lines).toEqual([]);
});
