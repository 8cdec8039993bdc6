import { decoded } from "./decoded.ts";
import { hostOf, hostsIn, shownAddress } from "./hosts.ts";
import type { Change } from "../rewrite.ts";
import { blocksOfCode, codeEnd, hiddenEnd } from "./skipped.ts";
import { matchAt, targetAt } from "./target.ts";

/** Anywhere in a list or a quote. */
const DEFINITION =
  /^[ \t>*+\-\d.)]{0,40}\[((?:[^[\]\\]|\\[^]){1,999})\]:[ \t]*(?:\n[ \t>]{0,20})?[ \t]{0,20}<?([^\s<>]{1,1000})/gm;
const REFERENCE = /\[((?:[^[\]\\]|\\[^]){0,999})\]/y;
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
  /** Of each name two addresses of different hosts at most: a label can't name both. */
  readonly #definitions = new Map<string, string[]>();
  /** Characters of labels that may still be read: nested labels are part of others. */
  #budget: number;

  constructor(source: string) {
    this.#source = source;
    this.#budget = 4 * source.length + MAX_LABEL;
    for (const [, name = "", address = ""] of source.matchAll(DEFINITION)) {
      const known = this.#definitions.get(keyOf(name)) ?? [];
      if (known.length < 2 && !known.some((each) => hostOf(each) === hostOf(address)))
        this.#definitions.set(keyOf(name), [...known, address]);
    }
  }

  /** Twice where brackets could be hidden in HTML or in code of several lines: not every reader hides them. */
  changes(): Change[] {
    const found = this.#scan(codeEnd);
    return /[<`]/.test(this.#source) ? [...found, ...this.#scan(hiddenEnd)] : found;
  }

  /** `skip`: the end of what begins at an angle bracket or a back tick and is no text. */
  #scan(skip: (source: string, at: number) => number): Change[] {
    const source = this.#source;
    const changes: Change[] = [];
    const open: number[] = [];
    const blocks = blocksOfCode(source);
    let next = 0;
    for (let at = 0; at < source.length; at += 1) {
      while ((blocks[next]?.end ?? Infinity) <= at) next += 1;
      if ((blocks[next]?.start ?? Infinity) <= at) at = blocks[next]?.end ?? at;
      const char = source[at];
      if (char === "\\") at += 1;
      else if (char === "`" || char === "<") at = skip(source, at) - 1;
      else if (char === "[") open.push(at);
      else if (char === "]") {
        const from = open.pop();
        if (from !== undefined) changes.push(...this.#linkAt(from, at));
      }
    }
    return changes;
  }

  #linkAt(from: number, close: number): Change[] {
    const source = this.#source;
    if (source[close + 1] === "(") {
      const target = targetAt(source, close + 1);
      if (!this.#deceives(source.slice(from + 1, close), target?.address)) return [];
      if (target === undefined) return [{ start: close, end: close + 1, text: "] " }];
      const { address, end } = target;
      return [{ start: end - 1, end, text: `) (${shownAddress(address)})` }];
    }
    if (this.#definitions.size === 0 || isDefinition(source, from, close)) return [];
    const found = matchAt(REFERENCE, source, close + 1);
    // One more than is read, so that it counts as too long.
    const label = source.slice(from + 1, Math.min(close, from + 2 + MAX_LABEL));
    const addresses = this.#definitions.get(keyOf(found?.[1] ?? "") || keyOf(label)) ?? [];
    const address = addresses.find((each) => this.#deceives(label, each));
    if (address === undefined) return [];
    const end = close + 1 + (found?.[0].length ?? 0);
    return [{ start: end - 1, end, text: `] (${shownAddress(address)})` }];
  }

  /** Without an address: whether the label names any host. */
  #deceives(label: string, address: string | undefined): boolean {
    this.#budget -= label.length;
    if (label.length > MAX_LABEL || this.#budget < 0) return true;
    const hosts = hostsIn(decoded(label).text, address?.startsWith("mailto:") === true);
    if (hosts.length === 0) return false;
    const actual = address === undefined ? undefined : hostOf(decoded(address).text);
    return hosts.some((host) => host !== actual);
  }
}

function keyOf(name: string): string {
  const line = name.replace(/\n[ \t>]*/g, " ").replace(/\s+/g, " ");
  return line.trim().toLowerCase().toUpperCase();
}

function isDefinition(source: string, from: number, close: number): boolean {
  if (source[close + 1] !== ":") return false;
  return /^[ \t>*+\-\d.)]*$/.test(
    source.slice(source.lastIndexOf("\n", from) + 1, from).slice(0, 40),
  );
}
