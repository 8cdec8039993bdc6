import MarkdownIt from "markdown-it";
import { Collected, type Reading, type Styles, visible } from "./reading.ts";

const parser = new MarkdownIt({ html: true });

type Token = ReturnType<typeof parser.parse>[number];

const STYLES: Readonly<Record<string, keyof Styles>> = {
  ...{ strong: "bold", em: "italic", s: "struck" },
};

/** What a reader of CommonMark with tables and strikethrough shows of a text, as Slack's `markdown` block does. */
export function readMarkdown(content: string): Reading {
  const collected = new Collected();
  const depth = { bold: 0, italic: 0, struck: 0 };
  for (const token of parser.parse(content, {})) read(token);
  return collected.reading();

  function read(token: Token): void {
    const { type, tag, nesting, children, content: inside } = token;
    const style = STYLES[tag];
    if (style !== undefined) depth[style] += nesting;
    if (type === "link_open") collected.links.push(String(token.attrGet("href")));
    else if (type === "fence" || type === "code_block")
      collected.blocks.push(inside.replace(/\n$/, "").replaceAll("\u200b", ""));
    else if (type === "image") {
      collected.links.push(String(token.attrGet("src")));
      say(inside);
    } else if (type === "inline") children?.forEach(read);
    else if (type === "code_inline") {
      collected.codes.push(visible(inside));
      say(inside);
    } else if (type === "text") say(inside);
  }

  function say(text: string): void {
    collected.say(text, {
      bold: depth.bold > 0,
      italic: depth.italic > 0,
      struck: depth.struck > 0,
    });
  }
}
