import { expect, test } from "vitest";
import { fullEmoji } from "./emoji.ts";

test.each([
  ["👍", "👍"],
  ["👍🏽", "👍🏽"],
  ["\u2764", "\u2764\uFE0F"],
  ["\u2764\uFE0F", "\u2764\uFE0F"],
  ["\u2764\u200D🔥", "\u2764\uFE0F\u200D🔥"],
  ["1\u20E3", "1\uFE0F\u20E3"],
  ["\u261D🏽", "\u261D🏽"],
  ["\u261D\uFE0F🏽", "\u261D🏽"],
  ["🏳\u200D🌈", "🏳\uFE0F\u200D🌈"],
  ["🇫🇷", "🇫🇷"],
  ["👩\u200D💻", "👩\u200D💻"],
])("%s in full", (emoji, full) => {
  expect(fullEmoji(emoji)).toBe(full);
});
