import { expect, test } from "vitest";
import { describingHeaders } from "./file_headers.ts";

/** As they arrive: a header that can't be sent throws. */
const headersOf = (type: string, name = "f") => new Headers(describingHeaders({ type, name }));

test.each([
  ["image/png", "inline"],
  ["audio/mpeg", "inline"],
  ["video/mp4", "inline"],
  ["text/plain", "inline"],
  ["text/plain; charset=utf-8", "inline"],
  ["image/svg+xml", "attachment"],
  ["IMAGE/SVG+XML", "attachment"],
  ["text/html", "attachment"],
  ["text/plainer", "attachment"],
  ["application/pdf", "attachment"],
  ["application/xhtml+xml; a=image/png", "attachment"],
])("%s is %s", (type, kind) => {
  const headers = headersOf(type);
  expect(headers.get("content-type")).toBe(type);
  expect(headers.get("content-disposition")).toBe(`${kind}; filename="f"; filename*=UTF-8''f`);
});

test.each(["", "image", "image/png\r\nset-cookie: a=b", "image/png; x=\n", "a b/c", "image/ü"])(
  "%j is no type",
  (type) => {
    const headers = headersOf(type);
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("content-disposition")).toMatch(/^attachment;/);
  },
);

test("nothing of a file is run or guessed", () => {
  expect(Object.fromEntries(headersOf("text/html"))).toMatchObject({
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
  });
});

test.each([
  ["plan.pdf", "plan.pdf", "plan.pdf"],
  ['a "b" 50%\\/c.txt', "a _b_ 50___c.txt", "a%20%22b%22%2050%25%5C%2Fc.txt"],
  ["naïve €.png", "na_ve _.png", "na%C3%AFve%20%E2%82%AC.png"],
  ["it's (1)*.png", "it's (1)*.png", "it%27s%20%281%29%2A.png"],
  ["a\r\nset-cookie: b\0.png", "a set-cookie: b .png", "a%20set-cookie%3A%20b%20.png"],
  ["🎉.gif", "_.gif", "%F0%9F%8E%89.gif"],
  ["€".repeat(86), "_".repeat(85), "%E2%82%AC".repeat(85)],
])("the name %j", (name, ascii, encoded) => {
  expect(headersOf("image/png", name).get("content-disposition")).toBe(
    `inline; filename="${ascii}"; filename*=UTF-8''${encoded}`,
  );
});
