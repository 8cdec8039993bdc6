import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findingOf, readPatch } from "./patch.ts";
import { runGuards } from "./run_guards.ts";

test("a patch names its guard, its test file and the test", () => {
  const text = "Removes it.\nTest: test/a.test.ts > one > two, three\n\n--- a/x.ts\n+++ b/x.ts\n";
  expect(readPatch("test/guards/lane_order.patch", text)).toEqual({
    guard: "lane_order",
    file: "test/guards/lane_order.patch",
    testFile: "test/a.test.ts",
    testName: "one > two, three",
  });
});

test("a patch that names no test is refused", () => {
  expect(() => readPatch("test/guards/x.patch", "--- a/x.ts\n")).toThrow("test/guards/x.patch");
});

test("a guard is caught only by a test that passes with it and fails without it", () => {
  const ran = (passed: number, failed: number) => ({ passed, failed });
  expect(findingOf(ran(1, 0), ran(0, 1))).toBe("caught");
  expect(findingOf(ran(1, 0), ran(1, 0))).toBe("not caught");
  expect(findingOf(ran(1, 0), ran(0, 0))).toBe("not caught");
  expect(findingOf(ran(0, 1), ran(0, 1))).toBe("fails without the patch");
  expect(findingOf(ran(0, 0), ran(0, 0))).toBe("no such test");
});

const ROOT = join(import.meta.dirname, "../../..");
const PATCHES = readdirSync(join(ROOT, "test/guards")).filter((name) => name.endsWith(".patch"));

test.each(PATCHES)("%s names a test that exists", (name) => {
  const file = join("test/guards", name);
  const { testFile, testName } = readPatch(file, readFileSync(join(ROOT, file), "utf8"));
  const source = readFileSync(join(ROOT, testFile), "utf8");
  const titles = [...source.matchAll(/"((?:[^"\\\n]|\\.)+)"/g)].map(([, title = ""]) => title);
  // A title of several cases has a placeholder for what tells them apart.
  const forms = titles.map((title) => new RegExp(`(?:^| > )${patternOf(title)}$`));
  expect(forms.some((form) => form.test(testName))).toBe(true);
});

function patternOf(title: string): string {
  return title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/%[a-z]/g, ".+");
}

test("a filter that matches no guard is no success, and says so", async () => {
  const printed: string[] = [];
  const options = {
    root: ROOT,
    only: "no such guard",
    print: (line: string) => printed.push(line),
  };
  expect(await runGuards(options)).toBe(false);
  expect(printed).toEqual([
    'guards failed: no name of a patch in test/guards contains "no such guard"',
  ]);
});
