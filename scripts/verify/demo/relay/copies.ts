import type { AcceptedPost } from "../../../stand_ins/chat.ts";
import { groupBy } from "../group_by.ts";
import { bare } from "../plain_text.ts";
import { MOST_PARTS, type RelayRecord, type Said, type Tally } from "./record.ts";

/** Compares what people said elsewhere with the posts under people's names. */
export function judgeCopies(record: RelayRecord, tally: Tally, differences: string[]): void {
  const { platform, said } = record;
  const copies = record.posts.filter(({ persona }) => persona);
  const { pairs, unmatched } = matchCopies(said, copies);
  tally.relayed += pairs.length;
  const missing = new Set(said.keys());
  for (const { at } of pairs) missing.delete(at);
  const known = new Set(said.map(keyOf));
  for (const copy of unmatched) {
    const name = `${platform} post ${copy.id}`;
    if (known.has(keyOf(asSaid(copy)))) {
      tally.duplicated++;
      differences.push(`duplicated: ${name} by ${authorOf(copy)} repeats a message`);
      continue;
    }
    const meant = closest([...missing], said, asSaid(copy));
    if (meant === undefined) {
      tally.duplicated++;
      differences.push(`duplicated: ${name} by ${authorOf(copy)} is nobody's message`);
      continue;
    }
    const { id, author, text } = meant.said;
    missing.delete(meant.at);
    differences.push(
      author === authorOf(copy)
        ? `different text: ${name}, of ${author}'s message ${id}: ${difference(text, copy.text)}`
        : `wrong name: ${name} is ${author}'s message ${id}, by ${authorOf(copy)}`,
    );
  }
  for (const at of missing) {
    tally.lost++;
    differences.push(
      `lost: ${said[at]?.author ?? ""}'s message ${said[at]?.id ?? ""} is not on ${platform}`,
    );
  }
  judgeOrder(record, pairs, tally, differences);
}

/** A message and the first of its posts. */
interface Pair {
  readonly at: number;
  readonly copy: AcceptedPost;
}

function matchCopies(said: readonly Said[], copies: readonly AcceptedPost[]) {
  const open = groupBy([...said.keys()], (at) => keyOf(said[at] ?? NOBODY));
  const openInParts = groupBy([...said.keys()], (at) => partsKeyOf(said[at] ?? NOBODY));
  const taken = new Set<number>();
  const take = (candidates: readonly number[] = []) => {
    const at = candidates.find((candidate) => !taken.has(candidate));
    if (at !== undefined) taken.add(at);
    return at;
  };
  const pairs: Pair[] = [];
  const unmatched: AcceptedPost[] = [];
  for (let index = 0; index < copies.length;) {
    const parts = copies.slice(index, index + MOST_PARTS);
    const [copy] = parts;
    if (!copy) break;
    let count = 1;
    let at = take(open.get(keyOf(asSaid(copy))));
    while (at === undefined && count < parts.length && isBy(parts[count], authorOf(copy))) {
      count++;
      const text = parts.slice(0, count).map((part) => part.text);
      at = take(openInParts.get(partsKeyOf({ ...asSaid(copy), text: text.join("\n") })));
    }
    if (at === undefined) unmatched.push(copy);
    else pairs.push({ at, copy });
    index += at === undefined ? 1 : count;
  }
  return { pairs, unmatched };
}

const NOBODY: Said = { id: "", author: "", text: "" };

function isBy(copy: AcceptedPost | undefined, author: string): boolean {
  return copy !== undefined && authorOf(copy) === author;
}

function keyOf({ author, text }: Said): string {
  return `${author}\n${bare(text)}`;
}

/** Splitting moves white space and repeats the fences that it cuts. */
function partsKeyOf({ author, text }: Said): string {
  return `${author}\n${bare(text.replaceAll(/^\s*```\w*\s*$/gm, "")).replaceAll(/\s/g, "")}`;
}

function asSaid(copy: AcceptedPost): Said {
  return { id: copy.id, author: authorOf(copy), text: copy.text };
}

function authorOf({ persona }: AcceptedPost): string {
  return persona?.name ?? "";
}

/** The message that a wrong copy is of: one with the same text, or else the first of the same author. */
function closest(missing: readonly number[], said: readonly Said[], copy: Said) {
  const candidates = missing.flatMap((at) => (said[at] ? [{ at, said: said[at] }] : []));
  return (
    candidates.find((each) => bare(each.said.text) === bare(copy.text)) ??
    candidates.find((each) => each.said.author === copy.author)
  );
}

/** Where two texts begin to differ. */
function difference(wanted: string, found: string): string {
  const [a, b] = [bare(wanted), bare(found)];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 30));
  return `${around(b)}, not ${around(a)}`;
}

function judgeOrder(
  { platform }: RelayRecord,
  pairs: readonly Pair[],
  tally: Tally,
  differences: string[],
): void {
  let newest = -1;
  for (const { at, copy } of pairs) {
    if (at < newest) {
      tally.inverted++;
      differences.push(`out of order: ${platform} post ${copy.id} by ${authorOf(copy)} is late`);
    }
    newest = Math.max(newest, at);
  }
}
