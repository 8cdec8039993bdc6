import { expect, test } from "vitest";
import { answerTo } from "../../stand_ins/openai/answers.ts";
import { missingForms } from "./forms.ts";

function posted(text: string) {
  return { id: "1", channel: "C1", text, at: 0, pings: [], body: {} };
}

test("names each form that was not posted", () => {
  const formatted = answerTo([{ role: "user", content: "Ada: show some formatting" }]);
  const cut = answerTo([{ role: "user", content: "Ada: a story without an end" }]);
  // Slack gets what the model wrote.
  expect(
    missingForms("slack", [
      posted(formatted),
      posted(`${cut}\n\n_The answer ends here: it reached the limit of its length._`),
    ]),
  ).toEqual([]);
  expect(missingForms("slack", [posted(formatted), posted(cut)])).toEqual([
    "not shown: slack has no post with the answer that was cut, with a note that it was",
  ]);
  expect(missingForms("discord", [posted(formatted)])).toEqual([
    "not shown: discord has no post with the table, aligned as code",
    "not shown: discord has no post with the address apart from a label that has one",
    "not shown: discord has no post with the image as a link",
    "not shown: discord has no post with the answer that was cut, with a note that it was",
  ]);
});
