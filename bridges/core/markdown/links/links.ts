import type {
  Definition,
  FootnoteDefinition,
  FootnoteReference,
  Image,
  ImageReference,
  Link,
  LinkReference,
  Nodes,
} from "mdast";
import { toString } from "mdast-util-to-string";
import { htmlChanges } from "./html.ts";
import { alone, apart, formOf, type LinkStyle } from "./form.ts";
import { nodesIn, type Parsed, parseParts, rangeInside, rangeOf } from "../parse.ts";
import { applied, type Change, moved } from "../rewrite.ts";

/** Longer addresses and notes stay where they are written. */
const MAX_ADDRESS = 800;

/** Characters that references may add to a text: each repeats its address. */
const MAX_ADDED = 40_000;

type LinkNode = Link | LinkReference | Image | ImageReference;
type AnyNode = LinkNode | Definition | FootnoteReference | FootnoteDefinition;

interface Note {
  readonly node: FootnoteDefinition;
  readonly source: string;
  /** What it says. Undefined: nothing, too much, or not known yet. */
  body?: string | undefined;
}

/**
 * Gives the links of one text the nearest form that a platform shows. References become links, and notes stand where they
 * are first referred to.
 */
export class Links {
  readonly #definitions = new Map<string, Definition>();
  readonly #notes = new Map<string, Note>();
  /** How often a name is referred to. Names of notes begin with `^`. */
  readonly #uses = new Map<string, number>();
  readonly #noted = new Set<string>();

  /** `inside`: all changes of the platform within a node. */
  constructor(
    private readonly style: LinkStyle,
    private readonly parsed: Parsed,
    private readonly inside: (node: Nodes, source: string) => Change[],
  ) {
    for (const { tree, source } of parsed.parts)
      for (const node of nodesIn(tree)) this.#collect(node, source);
    let added = 0;
    for (const [name, { url }] of this.#definitions) added += url.length * this.#usesOf(name);
    if (added > MAX_ADDED) this.#definitions.clear();
  }

  /** The changes of a node and of what is in it. Once for each node, in their order. `inside`: those within it, where it is. */
  changes(
    node: AnyNode,
    source: string,
    inside: (node: Nodes, source: string) => Change[] = this.inside,
  ): Change[] {
    const { start, end } = rangeOf(node);
    const { isWhole } = this.parsed;
    switch (node.type) {
      case "definition": {
        const isDone = this.#definitions.has(node.identifier) && this.#usesOf(node.identifier) > 0;
        return isWhole && (isDone || node.url === "#") ? [withoutLine(source, start, end)] : [];
      }
      case "footnoteDefinition": {
        const name = `^${node.identifier}`;
        if (this.#bodyOf(name) === undefined || this.#usesOf(name) === 0)
          return inside(node, source);
        return isWhole ? [withoutLine(source, start, end)] : [];
      }
      case "footnoteReference": {
        const name = `^${node.identifier}`;
        const body = this.#bodyOf(name);
        if (body === undefined) return [];
        const text = this.#noted.has(name) ? "" : apart(body);
        this.#noted.add(name);
        return [{ start, end, text }];
      }
      case "image":
      case "imageReference":
        return this.#image(node, source);
      default:
        return this.#link(node, source, inside(node, source));
    }
  }

  #link(node: Link | LinkReference, source: string, inside: Change[]): Change[] {
    const { start, end } = rangeOf(node);
    const target = this.#targetOf(node);
    if (target === undefined) return inside;
    if (source[start] !== "[") {
      const isShown = source[start] !== "<" || this.style.linked.test(target.url);
      // A bare address is no text.
      return isShown ? [] : [{ start, end, text: formOf("", target.url, this.style).address }];
    }
    const { start: from, end: to } = rangeInside(node) ?? { start: end, end };
    const images = node.children.filter(isImage);
    // As the platform will be sent it: it may not show a link whose label holds an escape.
    const label = images.length > 0 ? toString(node) : applied(source, from, to, inside);
    const { kind, address } = formOf(label, target.url, this.style);
    if (address.length > MAX_ADDRESS) return inside;
    if (kind === "bare") return [{ start, end, text: alone(address, source, start, end) }];
    const described = images.map((image) => ({ ...rangeOf(image), text: image.alt ?? "" }));
    const within = [...described, ...inside];
    if (kind === "apart") {
      const rest = { start: to, end, text: apart(alone(address, source, start, end)) };
      return [{ start, end: start + 1, text: "" }, rest, ...within];
    }
    const text = `](${address}${this.#titleOf(target.title)})`;
    const isWritten = source.slice(to, end).replaceAll(/[<>]/g, "") === text;
    return isWritten ? within : [{ start: to, end, text }, ...within];
  }

  #image(node: Image | ImageReference, source: string): Change[] {
    const { start, end } = rangeOf(node);
    const target = this.#targetOf(node);
    const label = (node.alt ?? "").replaceAll(/[[\]\\]/g, "");
    if (target === undefined) return [];
    const { kind, address } = formOf(label, target.url, this.style);
    if (address.length > MAX_ADDRESS) return [];
    const shown = alone(address, source, start, end);
    if (kind === "bare") return [{ start, end, text: shown }];
    if (kind === "apart") return [{ start, end, text: label + apart(shown) }];
    if (this.style.hasImages !== true) return [{ start, end, text: `[${label}](${address})` }];
    return node.type === "image" ? [] : [{ start, end, text: `![${label}](${address})` }];
  }

  #targetOf(node: LinkNode): Pick<Link, "url" | "title"> | undefined {
    return "url" in node ? node : this.#definitions.get(node.identifier);
  }

  /** A title, unless it would keep the platform from showing the link. */
  #titleOf(title: string | null | undefined): string {
    if (!title || /["\\\n]/.test(title) || this.style.unshown?.test(title) === true) return "";
    return ` "${title}"`;
  }

  #bodyOf(name: string): string | undefined {
    const note = this.#notes.get(name);
    if (note === undefined || "body" in note) return note?.body;
    // Until it is known: a note may refer to itself.
    note.body = undefined;
    const { node, source } = note;
    const words = nodesIn(node).flatMap((each) => {
      if (each.type === "code" || each.type === "heading") return [toString(each)];
      if (each.type !== "paragraph") return [];
      const { start, end } = rangeOf(each);
      return [applied(source, start, end, this.inside(each, source))];
    });
    const body = words.join(" ").replaceAll(/\s+/g, " ").trim();
    note.body = body === "" || body.length > MAX_ADDRESS ? undefined : body;
    return note.body;
  }

  #collect(node: Nodes, source: string): void {
    if (node.type === "definition") {
      const isKnown = this.#definitions.has(node.identifier) || node.url.length > MAX_ADDRESS;
      if (!isKnown) this.#definitions.set(node.identifier, node);
    } else if (node.type === "footnoteDefinition") {
      const name = `^${node.identifier}`;
      if (!this.#notes.has(name)) this.#notes.set(name, { node, source });
    } else if ("referenceType" in node) this.#use(node.identifier);
    else if (node.type === "footnoteReference") this.#use(`^${node.identifier}`);
  }

  #use(name: string): void {
    this.#uses.set(name, this.#usesOf(name) + 1);
  }

  #usesOf(name: string): number {
    return this.#uses.get(name) ?? 0;
  }
}

/** Parts without any of these need no changes. */
const WORTH =
  /\[\^|\]:|\[!\[|\[\s*\]\(|\]\((?!https?:\/\/)|<(?:!--|\/?(?!https?:)[a-z])|!\[[^\]\n]{0,300}\]\[/i;

/** Not every platform has a sign for underlined text. */
const NO_UNDERLINE = { u: "", ins: "" };

/** The changes after which a platform shows every link, note and tag, where it renders all other Markdown. */
export function linkChanges(content: string, style: LinkStyle): Change[] {
  const parsed = parseParts(content, WORTH);
  const inside = (node: Nodes, source: string): Change[] => {
    if (!("children" in node)) return [];
    return node.children.flatMap((child) => {
      if (isLinkNode(child)) return links.changes(child, source);
      if (child.type !== "html") return inside(child, source);
      const changes = htmlChanges(source, rangeOf(child), style, NO_UNDERLINE);
      // A line break would end the row.
      return node.type === "tableCell"
        ? changes.map((each) => ({ ...each, text: each.text.replace("\n", " ") }))
        : changes;
    });
  };
  const links = new Links(style, parsed, inside);
  return parsed.parts.flatMap(({ tree, source, start }) => moved(inside(tree, source), start));
}

function isLinkNode(node: Nodes): node is AnyNode {
  return /^(?:link|image|definition|footnote)/.test(node.type);
}

function isImage(node: Nodes): node is Image | ImageReference {
  return node.type === "image" || node.type === "imageReference";
}

/** Takes out what is on lines of its own, with the blank lines after it. */
function withoutLine(source: string, start: number, end: number): Change {
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  const isOwn = /^[ \t>]*$/.test(source.slice(lineStart, start));
  const after = /^[ \t\r]*\n(?:[ \t\r]*\n)*/.exec(source.slice(end, end + 1_000))?.[0].length ?? 0;
  return { start: isOwn ? lineStart : start, end: isOwn ? end + after : end, text: "" };
}
