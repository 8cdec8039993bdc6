import fc from "fast-check";
import { expect, test } from "vitest";
import { wellFormed } from "./well_formed.ts";

test("half of a surrogate pair becomes U+FFFD, at any depth; everything else stays", () => {
  const given = { a: ["x\ud83d", { b: "\ude00y" }], n: 1, u: undefined, z: null, ok: "😀" };
  expect(wellFormed(given)).toEqual({
    a: ["x\ufffd", { b: "\ufffdy" }],
    n: 1,
    u: undefined,
    z: null,
    ok: "😀",
  });
});

test("every string of any value is well formed, and a well-formed value is unchanged", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      expect(wellFormed(value)).toEqual(value);
    }),
  );
  const units = fc
    .array(fc.integer({ min: 0xd700, max: 0xe0ff }))
    .map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(fc.array(fc.record({ text: units })), (value) => {
      for (const { text } of wellFormed(value)) expect(text.isWellFormed()).toBe(true);
    }),
  );
});
