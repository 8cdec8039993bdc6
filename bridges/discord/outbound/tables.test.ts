import { afterEach, expect, test, vi } from "vitest";
import { parseMarkdown } from "../../core/markdown/parse.ts";
import { render } from "./format.ts";
import { tableChanges } from "./tables.ts";

afterEach(() => vi.restoreAllMocks());

/** A table of that many columns and rows, whose rows have one cell each. */
const wide = (columns: number) =>
  `|${"a|".repeat(columns)}\n|${"-|".repeat(columns)}\n${"|b|\n".repeat(columns)}`;

test.each([3, 30, 300])("a table of %i columns and rows costs what its cells do", (columns) => {
  const source = wide(columns);
  const [table] = parseMarkdown(source).children;
  if (table?.type !== "table") throw new Error("not a table");
  const measure = vi.spyOn(Intl.Segmenter.prototype, "segment");
  tableChanges(table, { source, margin: "", inside: () => [] });
  // Absent cells are not measured: there are as many as columns times rows. Cells of narrow tables are measured twice,
  // to find the widths and to fill them.
  const isNarrow = columns * 5 <= 72;
  expect(measure.mock.calls.length).toBeLessThanOrEqual(
    isNarrow ? 2 * columns * columns : 2 * columns,
  );
});

test("a text that is hardly more than lines or marks is not parsed", () => {
  // Setext headings would be changed.
  expect(render("a\n=\n".repeat(900), 0)[0]?.text).toMatch(/^a\n=\n/);
});
