import { expect, test } from "vitest";
import type { ChatChange } from "../../stand_ins/chat.ts";
import { WatchedAnswers } from "./watched_answers.ts";

/** Both platforms show these changes of the bot's posts, in one channel. */
function watch(...changes: readonly (readonly [ChatChange["kind"], id: string, text: string])[]) {
  const listeners: ((change: ChatChange) => void)[] = [];
  const chat = {
    onChange(listener: (change: ChatChange) => void) {
      listeners.push(listener);
      return () => undefined;
    },
  };
  const watched = new WatchedAnswers({ chat: () => chat }, { discord: "C", slack: "C" });
  for (const [kind, id, text] of changes) {
    const author = { author: "Bridge", authorId: "B", fromBot: true };
    const message = { id, text, edited: kind === "edited", ...author };
    for (const listener of listeners) listener({ kind, channel: "C", message });
  }
  return watched;
}

test("an answer that grew in one post is counted, with its edits", () => {
  const watched = watch(["new", "1", "It"], ["edited", "1", "It is"], ["edited", "1", "It is so."]);
  expect(watched.differences()).toEqual([]);
  expect(watched.counts()).toEqual({ streamed: 2, edits: 4 });
});

test("an answer that came at once, in two posts or with other words is none", () => {
  const once = watch(["new", "1", "It is so."]);
  expect(once.differences()).toEqual([
    "not streamed: 1 posts on discord, 0 edits of the first",
    "not streamed: 1 posts on slack, 0 edits of the first",
  ]);
  const twice = watch(["new", "1", "It"], ["edited", "1", "It is"], ["new", "2", "It is so."]);
  expect(twice.differences()).toHaveLength(2);
  const other = watch(["new", "1", "It"], ["edited", "1", "No"]);
  expect(other.differences()).toEqual([
    "not streamed: the answer on discord has not only grown",
    "not streamed: the answer on slack has not only grown",
  ]);
});
