import { parse } from "dotenv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeEnvText } from "./env_file.ts";

describe("merging settings", () => {
  test("changes an existing value in place and appends a new one", () => {
    const before = "# about A\nA=1\nexport B='two'\n";
    expect(mergeEnvText(before, { B: "2", C: "3" })).toBe("# about A\nA=1\nB=2\nC=3\n");
  });

  test("a last line without a line break stays a separate line", () => {
    expect(mergeEnvText("A=1", { B: "2" })).toBe("A=1\nB=2\n");
  });

  test("of a setting that occurs twice, the last one is changed", () => {
    expect(mergeEnvText("A=1\nA=2\n", { A: "3" })).toBe("A=1\nA=3\n");
  });

  test("a value that is already set changes nothing", () => {
    const before = 'A="1"  # why\r\n';
    expect(mergeEnvText(before, { A: "1" })).toBe(before);
  });

  test("Windows line endings stay", () => {
    expect(mergeEnvText("A=1\r\nB=2\r\n", { A: "9" })).toBe("A=9\r\nB=2\r\n");
  });

  test("no other setting is lost or changed, whatever is set", () => {
    const name = fc.stringMatching(/^[A-Z]{1,3}$/);
    const value = fc.stringMatching(/^[\w {}":,=+/.#-]{0,20}$/).map((text) => text.trim());
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.dictionary(name, value), (before, values) => {
        const text = mergeEnvText("# top\n", before);
        expect(parse(mergeEnvText(text, values))).toEqual({ ...before, ...values });
      }),
    );
  });
});
