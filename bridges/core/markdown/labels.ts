import { decoded } from "./decoded.ts";
import { hostOf, hostsIn, shownAddress } from "./hosts.ts";
import type { Change } from "./rewrite.ts";

/** The address of a link and its title, up to the closing parenthesis. The limits keep the time linear. */
const TARGET =
  /\(\s{0,20}(?:<([^<>\n]{0,1000})>|((?:[^\s()\\<]|\\.|\([^\s()]{0,200}\)){0,1000}))(?:\s{1,20}(?:"[^"]{0,300}"|'[^']{0,300}'|\([^()]{0,300}\)))?\s{0,20}\)/y;
const DEFINITION =
  /^[ \t>*+-]{0,20}\[([^[\]\n]{1,300})\]:[ \t]*\n?[ \t]{0,20}<?([^\s<>]{1,1000})/gm;
const REFERENCE = /\[([^[\]\n]{0,300})\]/y;
/** Longer labels are read by nobody, so their address is always shown. */
const MAX_LABEL = 1_000;

/**
 * Shows the address beside every link whose label names another host: `[bank.example](https://evil.example)` would
 * deceive its readers. Code stays as it is. Where the end of a link is not clear, it is made text. Linear time.
 */
export function labelChanges(source: string): Change[] {
  if (!source.includes("]")) return [];
  return new Labels(source).changes();
}

class Labels {
  readonly #source: string;
  readonly #definitions = new Map<string, string>();
  /** Characters of labels that may still be read: nested labels are part of others. */
  #budget: number;

  constructor(source: string) {
    this.#source = source;
    this.#budget = 4 * source.length + MAX_LABEL;
    for (const [, name = "", address = ""] of source.matchAll(DEFINITION))
      this.#definitions.set(keyOf(name), address);
  }

  changes(): Change[] {
    const source = this.#source;
    const changes: Change[] = [];
    const open: number[] = [];
    const blocks = codeBlocks(source);
    for (let at = 0; at < source.length; at += 1) {
      while ((blocks[0]?.end ?? Infinity) <= at) blocks.shift();
      if ((blocks[0]?.start ?? Infinity) <= at) at = blocks[0]?.end ?? at;
      if (source[at] === "\\") at += 1;
      else if (source[at] === "`") at = codeEnd(source, at) - 1;
      else if (source[at] === "[") open.push(at);
      else if (source[at] === "]") {
        const from = open.pop();
        if (from !== undefined) changes.push(...this.#linkAt(from, at));
      }
    }
    return changes;
  }

  #linkAt(from: number, close: number): Change[] {
    const source = this.#source;
    if (source[close + 1] === "(") {
      TARGET.lastIndex = close + 1;
      const found = TARGET.exec(source);
      const address = found?.[1] ?? found?.[2];
      const end = found === null ? close + 1 : close + 1 + found[0].length;
      if (!this.#deceives(source.slice(from + 1, close), address)) return [];
      if (address === undefined) return [{ start: close, end: close + 1, text: "] " }];
      return [{ start: end - 1, end, text: `) (${shownAddress(address)})` }];
    }
    if (this.#definitions.size === 0 || isDefinition(source, from, close)) return [];
    REFERENCE.lastIndex = close + 1;
    const found = REFERENCE.exec(source);
    const label = source.slice(from + 1, Math.min(close, from + 1 + MAX_LABEL));
    const address = this.#definitions.get(keyOf(found?.[1] ?? "") || keyOf(label));
    if (address === undefined || !this.#deceives(label, address)) return [];
    const end = close + 1 + (found?.[0].length ?? 0);
    return [{ start: end - 1, end, text: `] (${shownAddress(address)})` }];
  }

  /** Without an address: whether the label names any host. */
  #deceives(label: string, address: string | undefined): boolean {
    this.#budget -= label.length;
    if (label.length > MAX_LABEL || this.#budget < 0) return true;
    const target = address === undefined ? undefined : decoded(address).text;
    const actual = target === undefined ? undefined : hostOf(target);
    const hosts = hostsIn(decoded(label).text, target?.startsWith("mailto:") === true);
    return hosts.some((host) => host !== actual);
  }
}

function keyOf(name: string): string {
  return name.trim().replace(/\s+/g, " ").toLowerCase();
}

function isDefinition(source: string, from: number, close: number): boolean {
  if (source[close + 1] !== ":") return false;
  return /^[ \t>*+-]*$/.test(source.slice(source.lastIndexOf("\n", from) + 1, from).slice(0, 40));
}

/**
 * The blocks of code that are code to every reader, in order. After anything unclear, such as HTML or back ticks within a
 * line, there are none: then links in code show their addresses too.
 */
function codeBlocks(source: string): { readonly start: number; readonly end: number }[] {
  const blocks: { start: number; end: number }[] = [];
  let start: number | undefined;
  for (const { 0: line, index } of source.matchAll(/^.*```.*$|^ {0,3}<.*$/gm)) {
    if (start === undefined) {
      if (!/^ {0,3}```[^`]*$/.test(line)) break;
      start = index;
    } else if (/^ {0,3}`{3,}[ \t\r]*$/.test(line)) {
      blocks.push({ start, end: index + line.length });
      start = undefined;
    } else if (line.includes("```")) break;
  }
  return blocks;
}

/** The most that code on a line may hold without counting as text. */
const MAX_CODE = 300;

/**
 * The end of code on one line. What may be code to one reader and text to another, counts as text: across lines, after
 * an angle bracket, or in two cells of a table.
 */
function codeEnd(source: string, at: number): number {
  let after = at;
  while (source[after] === "`") after += 1;
  const ticks = source.slice(at, after);
  const [line = ""] = source.slice(after, after + MAX_CODE).split("\n", 1);
  for (const { 0: run, index } of line.matchAll(/`+/g)) {
    if (run !== ticks) continue;
    const before = source.slice(Math.max(0, at - MAX_CODE), at);
    const isUnclear = before.slice(before.lastIndexOf("\n") + 1).includes("<");
    return isUnclear || line.slice(0, index).includes("|") ? after : after + index + run.length;
  }
  return after;
}
