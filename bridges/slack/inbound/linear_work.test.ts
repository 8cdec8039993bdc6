import { afterEach, expect, test } from "vitest";
import { contentOf } from "./content.ts";
import { isLong } from "./markdown/escape.ts";
import { slackMessage } from "./payload.ts";

const METHODS = [Symbol.replace, Symbol.match, Symbol.search, Symbol.split] as const;
const undo: (() => void)[] = [];
const restore = () => undo.splice(0).forEach((each) => each());
afterEach(restore);

const BREAKS = `a${"\n".repeat(40_000)}b`;
const rich = (type: string, elements: object[]) => ({
  blocks: [{ type: "rich_text", elements: [{ type, elements }] }],
});
const line = { type: "text", text: BREAKS };

/** Searches that begin at every line break and go on to the last: 40,000 times 40,000 steps. */
const isQuadratic = (form: RegExp) =>
  !form.source.startsWith("^") && /[+*]\)?\$$/.test(form.source);

test.each([
  ["a paragraph", rich("rich_text_section", [line])],
  ["a quote", rich("rich_text_quote", [line])],
  ["code", rich("rich_text_preformatted", [line])],
  ["a list", rich("rich_text_list", [{ type: "rich_text_section", elements: [line] }])],
  ["an attachment", { attachments: [{ title: BREAKS, text: BREAKS, pretext: BREAKS }] }],
  ["text", { text: BREAKS }],
])("40,000 line breaks in %s are read once", (_name, fields) => {
  const message = slackMessage.parse({ ts: "1000000000.000001", user: "U1", ...fields });
  const searches: RegExp[] = [];
  for (const method of METHODS) {
    const original: unknown = Reflect.get(RegExp.prototype, method);
    if (typeof original !== "function") throw new Error("no such method");
    undo.push(() => Reflect.set(RegExp.prototype, method, original));
    Reflect.set(RegExp.prototype, method, function (this: RegExp, ...args: unknown[]): unknown {
      if (String(args[0]).length > 1_000) searches.push(this);
      const result: unknown = Reflect.apply(original, this, args);
      return result;
    });
  }
  contentOf(message, "C1", () => {});
  restore();
  expect(searches.filter(isQuadratic)).toEqual([]);
});

test.each(["- > ", "> ", "1. ", "*a_ ", "a\n=\n"])(
  "text of nothing but %j is not parsed",
  (unit) => {
    // It would take seconds, or more stack than there is.
    expect(isLong(unit.repeat(280))).toBe(true);
  },
);
