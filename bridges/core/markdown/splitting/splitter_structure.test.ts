import fc from "fast-check";
import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { describe, expect, test } from "vitest";
import { splitMarkdown } from "../../../../test/support/split_markdown.ts";

/*
 * Documents whose words are all different: where each of them stands in its piece is compared with where it stands in the
 * source, both read by a Markdown parser that knows nothing of the splitter.
 */

interface Block {
  readonly kind: "text" | "list" | "quote" | "code";
  readonly words: number;
  readonly start: number | undefined;
  /** Every item has the first one's number, as many people write lists. */
  readonly isLazilyNumbered: boolean;
  readonly isLoose: boolean;
  readonly inside: readonly Block[];
}

const block = fc.memo((depth): fc.Arbitrary<Block> =>
  fc.record({
    kind: fc.constantFrom("text", "text", "list", "list", "quote", "code"),
    words: fc.integer({ min: 1, max: 60 }),
    start: fc.option(fc.constantFrom(1, 1, 2, 8, 9, 99), { nil: undefined }),
    isLazilyNumbered: fc.boolean(),
    isLoose: fc.boolean(),
    inside: depth > 1 ? fc.array(block(depth - 1), { maxLength: 4 }) : fc.constant([]),
  }),
);

/** Well-formed CommonMark blocks. `say` returns the next words. */
function write(blocks: readonly Block[], say: (words: number) => string[], depth = 0): string {
  const texts: string[] = [];
  for (const each of blocks) {
    const kind = depth > 3 && each.kind !== "code" ? "text" : each.kind;
    const inside = () => [
      lines(say(each.words), each.isLoose ? 12 : 60),
      ...(each.inside.length > 0 ? [write(each.inside, say, depth + 1)] : []),
    ];
    switch (kind) {
      case "text":
        texts.push(lines(say(each.words), 25));
        break;
      case "code":
        texts.push(["```ts", ...say(each.words), "```"].join("\n"));
        break;
      case "quote":
        texts.push(margin(inside().join("\n\n"), "> ", "> "));
        break;
      case "list": {
        const items = each.inside.length > 0 ? each.inside : [each];
        const marked = items.map((item, index) => {
          const { start } = each;
          const number = (start ?? 0) + (each.isLazilyNumbered ? 0 : index);
          const mark = start === undefined ? "- " : `${String(number)}. `;
          const nested = item === each ? [] : item.inside;
          const body = [lines(say(item.words), 60), write(nested, say, depth + 1)];
          const text = body.filter((part) => part !== "").join("\n\n");
          return margin(text, mark, " ".repeat(mark.length));
        });
        texts.push(marked.join(each.isLoose ? "\n\n" : "\n"));
        // Otherwise the next block would continue a list, or an item's paragraph.
        texts.push(say(1).join(""));
      }
    }
  }
  return texts.join("\n\n");
}

function lines(words: readonly string[], each: number): string {
  return words
    .map((word, index) => word + (index % each === each - 1 ? "\n" : " "))
    .join("")
    .trim();
}

function margin(text: string, first: string, others: string): string {
  return text
    .split("\n")
    .map((line, index) => ((index === 0 ? first : others) + line).trimEnd())
    .join("\n");
}

const documents = fc.array(block(4), { minLength: 1, maxLength: 6 }).map((blocks) => {
  let count = 0;
  return write(blocks, (words) => Array.from({ length: words }, () => `w${String((count += 1))}w`));
});

/** Each word of the text with its containers: quotes, items with their numbers, code. */
function placesOf(text: string): Map<string, string> {
  const places = new Map<string, string>();
  visit(fromMarkdown(text), "");
  return places;

  function visit(node: Nodes, place: string): void {
    if ("value" in node)
      for (const [word] of node.value.matchAll(/w\d+w/g))
        places.set(word, node.type === "code" ? `${place} ${node.type} ${node.lang ?? ""}` : place);
    if (!("children" in node)) return;
    for (const [index, child] of node.children.entries()) {
      const number = node.type === "list" && node.ordered ? String((node.start ?? 1) + index) : "-";
      const mark =
        child.type === "blockquote" ? " >" : child.type === "listItem" ? ` ${number}` : "";
      visit(child, place + mark);
    }
  }
}

describe("a document in pieces", () => {
  test("keeps each word in its quotes, numbered items and code", () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 300, max: 900 }), (source, limit) => {
        const expected = [...placesOf(source)];
        const found = splitMarkdown(source, 0, limit).flatMap(({ text }) => {
          expect(text.length).toBeLessThanOrEqual(limit);
          return [...placesOf(text)];
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 80 },
    );
  });

  test("returns the same pieces when it starts again at any piece's end", () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 128, max: 500 }), (source, limit) => {
        const pieces = splitMarkdown(source, 0, limit);
        for (const [index, { text, upTo }] of pieces.entries()) {
          expect(text.length).toBeLessThanOrEqual(limit);
          expect(splitMarkdown(source, upTo, limit)).toEqual(pieces.slice(index + 1));
        }
        expect(pieces.at(-1)?.upTo).toBe(source.length);
      }),
      { numRuns: 40 },
    );
  });
});
