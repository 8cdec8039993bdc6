import { expect, test } from "vitest";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { header } from "./header.ts";

/** What stands before an answer to this text. */
function quoting(text: string): string {
  const delivery = deliveryOf("d1", { quote: { name: "Ada", text } });
  return header(delivery, "yes", { named: false, quoted: true, gap: "\n\n" });
}

test.each([
  ["I see the **502** too.", "I see the 502 too."],
  ["`a*b` is my_var_name and 2*3*4", "a\\*b is my\\_var\\_name and 2\\*3\\*4"],
  ["# Title - a - b", "Title - a - b"],
  ["see [the guide](https://e.com/a) now", "see the guide now"],
  ["the end: ||everybody dies||, they say", "the end: \\[spoiler\\], they say"],
  ["the end: ||everybody dies and then a…", "the end: \\[spoiler\\]"],
  ["a || b is true", "a \\|\\| b is true"],
  ["**cut in the mid…", "\\*\\*cut in the mid…"],
  ["---", "---"],
])("a quote of %j shows its words", (text, shown) => {
  expect(quoting(text)).toBe(`> **Ada:** ${shown}\n\n`);
});
