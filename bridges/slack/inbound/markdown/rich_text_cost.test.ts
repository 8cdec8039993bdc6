import { expect, test, vi } from "vitest";
import { contentOf } from "../content.ts";
import { slackMessage } from "../payload.ts";

const parses = vi.hoisted(() => ({ count: 0 }));
vi.mock("../../../core/markdown/parse.ts", async (load) => {
  const real = await load<typeof import("../../../core/markdown/parse.ts")>();
  const parseMarkdown = (text: string) => {
    parses.count += 1;
    return real.parseMarkdown(text);
  };
  return { ...real, parseMarkdown };
});

/** Bold and plain in turn, each with what could be formatting. */
function styled(count: number) {
  const elements = Array.from({ length: count }, (_, index) => ({
    type: "text",
    text: `a*b_ ${index.toString()} `,
    ...(index % 2 === 0 && { style: { bold: true } }),
  }));
  const section = { type: "rich_text_section", elements };
  const message = { ts: "1000000000.000001", blocks: [{ type: "rich_text", elements: [section] }] };
  return contentOf(slackMessage.parse(message), "C1", () => {});
}

test("of a thousand styled elements none is parsed by itself", () => {
  parses.count = 0;
  expect(JSON.stringify(styled(1_000))).toContain(String.raw`a\\*b\\_ 999`);
  expect(parses.count).toBeLessThan(10);
});

test("few styled elements are escaped only where it is needed", () => {
  expect(JSON.stringify(styled(2))).toContain("a*b_ 1");
});
