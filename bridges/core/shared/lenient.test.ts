import { expect, test } from "vitest";
import { shortName } from "./lenient.ts";

test("a name that is too long is cut between characters", () => {
  expect(shortName.parse(`${"x".repeat(199)}😀`)).toBe("x".repeat(199));
  expect(shortName.parse(`${"x".repeat(198)}😀`)).toBe(`${"x".repeat(198)}😀`);
});
