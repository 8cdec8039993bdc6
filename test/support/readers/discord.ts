import { rulesExtended, SimpleMarkdown } from "discord-markdown-parser";
import { Collected, type Reading, type Styles, visible } from "./reading.ts";

const { defaultRules, parserFor } = SimpleMarkdown;
type Rule = (typeof rulesExtended)[string];

/** The mark of a list item: `-`, `*` or a number with a dot. Its text is read as any other. */
const item: Rule = {
  order: defaultRules.list.order,
  match: (source, state, before) =>
    /^$|\n *$/.test(before) || state.prevCapture === state.item
      ? /^ *(?:[-*]|\d+\.) +(?=\S)/.exec(source)
      : null,
  parse: (capture, _parse, state) => {
    state.item = capture;
    return {};
  },
};

/** Only web addresses can have a label. */
const link: Rule = {
  ...defaultRules.link,
  match: (source, state, before) => {
    const found = defaultRules.link.match(source, state, before);
    return /^https?:\/\/\S/.test(found?.[2] ?? "") ? found : null;
  },
};

/** Mentions and emoji are read as they are typed. */
const TOKENS =
  /^(?:user|channel|role|emoji|everyone|here|twemoji|timestamp|slashCommand|guildNavigation)$/;
const formatting = Object.entries(rulesExtended).filter(([name]) => !TOKENS.test(name));

const parse = parserFor({ ...Object.fromEntries(formatting), item, link });

interface Node {
  readonly type: string;
  readonly content?: unknown;
  readonly target?: unknown;
}

const STYLES: Readonly<Record<string, Styles>> = {
  ...{ strong: { bold: true }, em: { italic: true }, strikethrough: { struck: true } },
};

/** What Discord's clients show of a message, by the rules of the parser that they are built with. */
export function readDiscord(content: string): Reading {
  const collected = new Collected();
  visit(parse(content, { inline: true }), {});
  return collected.reading();

  function visit(nodes: readonly Node[], styles: Styles): void {
    for (const { type, content: inside = "", target } of nodes) {
      if (typeof target === "string") collected.links.push(target);
      if (typeof inside !== "string") {
        visit(nodesIn(inside), { ...styles, ...STYLES[type] });
      } else if (type === "codeBlock") collected.blocks.push(inside.replaceAll("\u200b", ""));
      else {
        if (type === "inlineCode") collected.codes.push(visible(inside));
        collected.say(inside, styles);
      }
    }
  }
}

function nodesIn(content: unknown): Node[] {
  return Array.isArray(content) ? content.filter(isNode) : [];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value;
}
