import fc from "fast-check";
import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { describe, expect, test } from "vitest";
import { richText } from "./rich_text.ts";

/*
 * Trees of every kind of element that Slack documents, converted to Markdown by the bridge and parsed by an independent
 * parser. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
 */

const STYLES = ["bold", "italic", "strike", "code"] as const;
type Style = Partial<Record<(typeof STYLES)[number], boolean>>;

interface Inline {
  readonly type: string;
  readonly style?: Style;
  readonly text?: string;
  readonly url?: string;
  readonly [field: string]: unknown;
}

/** `0w` is replaced by a unique word. */
const typed = fc.constantFrom(
  ...["0w", "0w 0w", "*0w*", "_0w_", "~~0w~~", "~0w~", "a*0w*b", "0w_0w", "x * 0w * y"],
  ...["[0w](b)", "![0w](b)", "`0w`", "``0w", "(0w)", "0w\\", "0w|x", "0w!", "**0w", "0w # x"],
  ...["日本0w語", "0w\n# 0w", "0w\n**0w**", "👩‍👩‍👧 0w", "@everyone 0w", "a < 0w > b", "\\*0w\\*"],
);
const style: fc.Arbitrary<Style> = fc.record(
  { bold: fc.constant(true), italic: fc.constant(true), strike: fc.constant(true) },
  { requiredKeys: [] },
);
const space = fc.constant<Inline>({ type: "text", text: " " });
const inline: fc.Arbitrary<readonly Inline[]> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant("text"), text: typed, style }) },
      fc.record({ type: fc.constant("text"), text: typed.map((text) => ` ${text} `), style }),
      fc.record({
        type: fc.constant("text"),
        text: fc.constantFrom("0w", "a`0w", "`0w`", "0w * *", " 0w ", "<0w>", "0w\\", "``` 0w"),
        style: style.map((more) => ({ ...more, code: true })),
      }),
      fc.record({
        type: fc.constant("link"),
        url: fc.constantFrom(
          ...["https://e.com/0w", "https://e.com/a_(0w)_b", "https://e.com/?q=*0w*&r=_x_"],
          ...["mailto:0w@e.com", "https://e.com/~0w~[1]"],
        ),
        text: fc.constantFrom("0w", "[0w]", "a *0w* b", "0w\\", "`0w`", "<0w>", "0w_", "~0w~"),
        style,
      }),
      fc.record({
        type: fc.constant("link"),
        url: fc.constantFrom("https://e.com/a", "https://e.com/b!", "https://e.com/(c)_"),
        style,
      }),
      fc.record({ type: fc.constant("user"), user_id: fc.constant("U0w"), style }),
      fc.record({ type: fc.constant("channel"), channel_id: fc.constant("C0w"), style }),
      fc.record({ type: fc.constant("usergroup"), usergroup_id: fc.constant("S0w") }),
      fc.record({ type: fc.constant("broadcast"), range: fc.constantFrom("here", "channel") }),
      fc.record({ type: fc.constant("emoji"), name: fc.constant("0w_0w") }),
      space,
      space,
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((elements) => [{ type: "text", text: "0w " }, ...elements, { type: "text", text: " 0w" }]);

interface Tree {
  readonly ordered: boolean;
  readonly offset: number;
  readonly items: readonly { readonly line: readonly Inline[]; readonly inside: readonly Tree[] }[];
}
const list = fc.memo((depth): fc.Arbitrary<Tree> =>
  fc.record({
    ordered: fc.boolean(),
    offset: fc.constantFrom(0, 0, 4, 9),
    items: fc.array(
      fc.record({
        line: inline,
        inside: depth > 1 ? fc.array(list(depth - 1), { maxLength: 1 }) : fc.constant([]),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
);

interface Word {
  readonly text: string;
  readonly place: string;
}
interface Written {
  readonly elements: readonly unknown[];
  readonly words: readonly Word[];
  readonly codes: readonly string[];
  /** Ids of the mentioned people, groups and channels. */
  readonly ids: readonly string[];
}

/** The elements of a line with unique words, and the words with their styles. */
function written(line: readonly Inline[], place: string, next: () => string): [Inline[], Word[]] {
  const words: Word[] = [];
  const elements = line.map((element) => {
    const { style: styles = {}, type } = element;
    const marks = STYLES.filter((each) => styles[each] === true);
    const name = (text: string) => text.replaceAll("0w", next);
    const url = element.url === undefined ? undefined : name(element.url);
    const renamed = { ...element, ...(url !== undefined && { url }) };
    const where = [place, ...marks, ...(url === undefined ? [] : [`(${url})`])].join(" ").trim();
    const out: Record<string, unknown> = { ...renamed };
    for (const field of ["text", "user_id", "channel_id", "usergroup_id", "name"]) {
      const value = element[field];
      if (typeof value !== "string") continue;
      const unique = name(value);
      out[field] = unique;
      for (const [text] of unique.matchAll(WORD)) words.push({ text, place: where });
    }
    return { ...out, type };
  });
  return [elements, words];
}

const WORD = /(?<=^|[^0-9]|[UCS])\d+w/g;

type Block =
  | { readonly kind: "section" | "quote"; readonly line: readonly Inline[] }
  | { readonly kind: "code"; readonly lines: readonly string[] }
  | { readonly kind: "list"; readonly tree: Tree };

const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ kind: fc.constantFrom("section" as const, "quote" as const), line: inline }),
  fc.record({
    kind: fc.constant("code" as const),
    lines: fc.array(fc.constantFrom("0w", "  *0w*", "```", "<@U1>", "", "> 0w", "````js"), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  fc.record({ kind: fc.constant("list" as const), tree: list(3) }),
);

function slackOf(blocks: readonly Block[], between: readonly Inline[]): Written {
  let count = 0;
  const next = () => `${String((count += 1))}w`;
  const elements: unknown[] = [];
  const words: Word[] = [];
  const codes: string[] = [];
  const ids: string[] = [];
  const add = (line: readonly Inline[], place: string) => {
    const spaced = line.flatMap((each) => [each, ...between]);
    const [elements, found] = written(spaced, place, next);
    words.push(...found);
    for (const each of elements)
      ids.push(
        ...[each.user_id, each.channel_id, each.usergroup_id].filter(
          (id) => typeof id === "string",
        ),
      );
    return elements;
  };
  const addList = ({ ordered, offset, items }: Tree, indent: number, place: string) => {
    let open: unknown[] = [];
    for (const [index, { line, inside }] of items.entries()) {
      const number = ordered ? String(offset + index + 1) : "-";
      // A nested list interrupts its parent, which continues as a list of its own with an offset.
      if (open.length === 0)
        elements.push({
          type: "rich_text_list",
          style: ordered ? "ordered" : "bullet",
          indent,
          ...(offset + index > 0 && { offset: offset + index }),
          elements: open,
        });
      const own = `${place} ${number}`;
      open.push({ type: "rich_text_section", elements: add(line, own) });
      for (const tree of inside) {
        addList(tree, indent + 1, own);
        open = [];
      }
    }
  };
  for (const each of blocks)
    switch (each.kind) {
      case "section":
        elements.push({ type: "rich_text_section", elements: add(each.line, "") });
        break;
      case "quote":
        elements.push({ type: "rich_text_quote", elements: add(each.line, ">") });
        break;
      case "code": {
        const text = each.lines.map((line) => line.replaceAll("0w", next)).join("\n");
        codes.push(text);
        elements.push({ type: "rich_text_preformatted", elements: [{ type: "text", text }] });
        break;
      }
      case "list":
        addList(each.tree, 0, "");
        // Slack and Markdown read two lists in a row as one.
        elements.push({ type: "rich_text_section", elements: [{ type: "text", text: "and" }] });
    }
  return { elements, words, codes, ids };
}

function read(markdown: string): { words: Word[]; codes: string[] } {
  const words: Word[] = [];
  const codes: string[] = [];
  const marks = { strong: "bold", emphasis: "italic", delete: "strike" } as const;
  const tree = fromMarkdown(markdown, {
    extensions: [gfm()],
    mdastExtensions: [gfmFromMarkdown()],
  });
  visit(tree, [], []);
  return { words, codes };

  function visit(node: Nodes, places: readonly string[], styles: readonly string[]): void {
    if (node.type === "code") codes.push(node.value);
    else if ("value" in node) {
      const all = node.type === "inlineCode" ? [...styles, "code"] : styles;
      const style = [
        ...STYLES.filter((each) => all.includes(each)),
        ...all.filter((x) => x.startsWith("(")),
      ];
      const place = [...places, ...style].join(" ");
      for (const [text] of node.value.matchAll(WORD)) words.push({ text, place });
    }
    if (!("children" in node)) return;
    const more =
      node.type === "strong" || node.type === "emphasis" || node.type === "delete"
        ? [marks[node.type]]
        : node.type === "link"
          ? [`(${node.url})`]
          : [];
    for (const [index, child] of node.children.entries()) {
      const number = node.type === "list" && node.ordered ? String((node.start ?? 1) + index) : "-";
      const mark = child.type === "listItem" ? [number] : child.type === "blockquote" ? [">"] : [];
      visit(child, [...places, ...mark], [...styles, ...more]);
    }
  }
}

const blocks = fc.array(block, { minLength: 1, maxLength: 4 });

function bothWays(typedBlocks: readonly Block[], between: readonly Inline[]) {
  const { elements, ...expected } = slackOf(typedBlocks, between);
  const ids: string[] = [];
  const markdown = richText(elements, {
    mention: ({ id }) => ids.push(id),
    unknown: (kind) => expect.unreachable(kind),
  });
  return { markdown, expected, found: { ...read(markdown), ids } };
}

describe("text from Slack's editor", () => {
  test("keeps every word, style, link, mention and depth, and code byte for byte", () => {
    fc.assert(
      fc.property(blocks, (typedBlocks) => {
        const { markdown, expected, found } = bothWays(typedBlocks, [{ type: "text", text: " " }]);
        expect(found, markdown).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test("keeps all but styles if a style changes within a word, which Markdown can't always express", () => {
    const unstyled = ({ words, ...rest }: ReturnType<typeof bothWays>["expected"]) => ({
      ...rest,
      words: words.map(({ text, place }) => ({
        text,
        place: place.replace(/ ?(bold|italic|strike)/g, "").trim(),
      })),
    });
    fc.assert(
      fc.property(blocks, (typedBlocks) => {
        const { markdown, expected, found } = bothWays(typedBlocks, []);
        expect(unstyled(found), markdown).toEqual(unstyled(expected));
      }),
      { numRuns: 40 },
    );
  });
});
