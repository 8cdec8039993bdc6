import { describe, expect, test } from "vitest";
import { imageTypeOf, isUpload, isWanted, uploadType } from "./wanted.ts";

const PNG = { id: "1", type: "image/png", size: 10_000_000 };

describe("which files are wanted", () => {
  test.each([
    ["images", PNG, true],
    ["images", { ...PNG, type: "IMAGE/JPEG; q=1" }, true],
    ["images", { ...PNG, size: 10_000_001 }, false],
    ["images", { ...PNG, size: undefined }, true],
    ["images", { ...PNG, type: undefined }, false],
    ["images", { ...PNG, type: "image/svg+xml" }, false],
    ["images", { ...PNG, id: undefined }, false],
    ["all", { ...PNG, type: undefined, size: 20_000_000 }, true],
    ["all", { ...PNG, type: "text/plain", size: 20_000_001 }, false],
    ["all", { ...PNG, id: undefined }, false],
    ["none", PNG, false],
  ] as const)("%s: %j", (files, attachment, wanted) => {
    expect(isWanted(files, attachment)).toBe(wanted);
  });
});

test.each([
  ["image/png", [0x89, ..."PNG\r\n\x1a\n".split("").map((char) => char.charCodeAt(0))]],
  ["image/jpeg", [0xff, 0xd8, 0xff, 0xe0]],
  ["image/webp", bytes("RIFF\n\0\n\0WEBPVP8 ")],
  ["image/gif", bytes("GIF89a")],
  [undefined, bytes("RIFF\n\0\n\0WAVEfmt ")],
  [undefined, bytes("<!DOCTYPE html>")],
  [undefined, []],
])("an image's type by its first bytes: %s", (type, head) => {
  expect(imageTypeOf(Uint8Array.from(head))).toBe(type);
});

test("only an upload's type has its mark", () => {
  expect(isUpload(uploadType("image/png"))).toBe(true);
  expect(isUpload(uploadType("image/png").replace(" ", ""))).toBe(true);
  expect(isUpload("image/png")).toBe(false);
  expect(isUpload(undefined)).toBe(false);
});

function bytes(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}
