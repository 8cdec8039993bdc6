import { expect, test } from "vitest";
import { formatFinding } from "./doctor/finding.ts";
import { stripControls, stripLines, toJson } from "./strip_controls.ts";

// ESC, BEL, C1's CSI, line breaks, and the marks, embeddings, overrides and isolates of right-to-left text.
const CONTROLS = "\u001b\u0007\u009b\u0085\u2028\u2029\u061c\u200e\u200f\u202a\u202e\u2066\u2069";

test.each(CONTROLS.split(""))("%j in a name never reaches the terminal", (control) => {
  const name = `gene${control}ral`;
  expect(stripControls(name)).toBe("gene ral");
  expect(stripLines(`${name}\n${name}`)).toBe("gene ral\ngene ral");
  const finding = { check: name, level: "error", text: name, step: name } as const;
  expect(formatFinding(finding)).toBe("FAIL  gene ral: gene ral\n        -> gene ral");
  expect(toJson({ name })).not.toContain(control);
  expect(JSON.parse(toJson({ name }, 2))).toEqual({ name });
});

test("other text stays as it is", () => {
  expect(stripControls("Zoë 家族 שלום 👩‍👩‍👧")).toBe("Zoë 家族 שלום 👩‍👩‍👧");
});
