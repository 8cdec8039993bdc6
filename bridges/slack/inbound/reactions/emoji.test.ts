import { expect, test } from "vitest";
import { emojiNamed } from "./emoji.ts";

test.each([
  ["+1", "👍"],
  ["thumbsup", "👍"],
  ["-1", "👎"],
  ["thumbsup::skin-tone-2", "👍🏻"],
  ["+1::skin-tone-6", "👍🏿"],
  ["heart", "\u2764\uFE0F"],
  ["tada", "🎉"],
  ["100", "💯"],
  ["thinking_face", "🤔"],
  ["flag-fr", "🇫🇷"],
  ["female-technologist::skin-tone-4", "👩🏽\u200D💻"],
  ["point_up::skin-tone-3", "\u261D🏼"],
  ["one", "1\uFE0F\u20E3"],
  ["partyparrot", ":partyparrot:"],
  ["partyparrot::skin-tone-9", ":partyparrot::skin-tone-9:"],
])("%s is %s", (name, emoji) => {
  expect(emojiNamed(name)).toBe(emoji);
});
