import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { neutralise, notificationText, renderPieces } from "./format.ts";
import { messageId } from "./send.ts";

describe("a reply in pieces for Slack", () => {
  it("is one piece if it fits", () => {
    const text = "# Hi\n\n```ts\nconst a = 1 < 2 && b;\n```";
    expect(renderPieces(text, 0)).toEqual([{ text, upTo: text.length }]);
  });

  it("has links in place of references and notes, and no HTML, which Slack's Markdown lacks", () => {
    const text = "[a][1]<br>[b](#c) [d](mailto:e@f.g) ![h][1] i[^1]\n\n[1]: https://e.com\n[^1]: j";
    const shown = "[a](https://e.com)\nb (#c) [d](mailto:e@f.g) ![h](https://e.com) i (j)\n\n";
    expect(renderPieces(text, 0)).toEqual([{ text: shown.trimEnd(), upTo: text.length }]);
  });

  it("fits, and continues from the end of any piece with the same pieces", () => {
    const parts = fc.constantFrom("<@U1>", "<!channel>", "@here ", "word ", "\n\n", "```\n", "<@");
    fc.assert(
      fc.property(
        fc.array(parts, { maxLength: 20 }),
        fc.integer({ min: 1, max: 3_000 }),
        (p, n) => {
          const content = p.join("").repeat(n).slice(0, 60_000);
          const pieces = renderPieces(content, 0);
          for (const [index, { text, upTo }] of pieces.entries()) {
            expect(text.length).toBeLessThanOrEqual(12_000);
            expect(renderPieces(content, upTo)).toEqual(pieces.slice(index + 1));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("has pieces of up to 12,000 characters, and says what is left out after 20", () => {
    const content = "Some words that nobody reads to the end. ".repeat(8_000);
    const pieces = renderPieces(content, 0);
    expect(pieces).toHaveLength(21);
    for (const { text } of pieces) expect(text.length).toBeLessThanOrEqual(12_000);
    expect(pieces.at(-1)?.text).toMatch(/^_This is too long .* characters are left out\._$/);
    expect(renderPieces(content, pieces[4]?.upTo ?? 0)).toEqual(pieces.slice(5));
  });

  it("makes a piece shorter if neutralising makes it too long", () => {
    const content = "<@".repeat(10_000);
    const pieces = renderPieces(content, 0);
    expect(pieces.every(({ text }) => text.length <= 12_000)).toBe(true);
    expect(pieces.map(({ text }) => text.replaceAll("\u2060", "")).join("")).toBe(content);
  });
});

describe("text that could ping", () => {
  it.each([
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<!subteam^S1|@ops>",
    "<@U1>",
    "<@W1|ada>",
    "hey @channel",
    "(@here)",
    "@Everyone",
    "`<!channel>`",
  ])("%s is disabled and looks the same", (text) => {
    const inert = neutralise(text);
    expect(inert).not.toMatch(/<[@!]|@(channel|here|everyone)/i);
    expect(inert.replaceAll("\u2060", "")).toBe(text);
  });

  it.each(["a < b", "<!DOCTYPE html>", "<!-- x -->", "me@here.com", "@channels", "<#C1>", "@ada"])(
    "%s is unchanged",
    (text) => expect(neutralise(text)).toBe(text),
  );

  it("is escaped in the notification, whose length is limited without breaking an entity", () => {
    expect(notificationText("<!channel> a & b")).toBe("&lt;!channel&gt; a &amp; b");
    const long = notificationText("&".repeat(5_000));
    expect(long.length).toBeLessThanOrEqual(3_000);
    expect(long.endsWith("&amp;")).toBe(true);
    expect(notificationText(`${"a".repeat(2_999)}😀`)).toBe("a".repeat(2_999));
  });
});

it("gives every part a message id of its own, which never changes", () => {
  expect(messageId("d1", 0)).toBe(messageId("d1", 0));
  expect(new Set([messageId("d1", 0), messageId("d1", 1), messageId("d2", 0)]).size).toBe(3);
  expect(messageId("d1", 0)).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
