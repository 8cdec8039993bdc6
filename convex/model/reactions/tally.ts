import type { Doc, Id } from "../../_generated/dataModel.js";
import { presentIn } from "../rows/messages/reactions.ts";

/*
 * How many people reacted to a post with one emoji, and who. Pure. Events of one person may repeat and come in any order,
 * and a platform may say how many there are without naming them (docs/races.md#reactions-repeat-and-overtake).
 */

/** See the table `reactions`. The count is never less than the people who are present. */
export type Tally = Pick<Doc<"reactions">, "count" | "people" | "countedAt">;

export const NOBODY: Tally = { count: 0, people: [] };

/** People of one emoji on one post who are named. Further ones only count. */
const MOST_NAMED = 100;

/** What one person did. */
export interface Change {
  readonly identityId: Id<"identities">;
  readonly change: "added" | "removed";
  readonly at: number;
}

/** The tally after a change; undefined if it says nothing new. */
export function changed(tally: Tally, { identityId, change, at }: Change): Tally | undefined {
  const known = tally.people.find((person) => person.identityId === identityId);
  if (known && known.at >= at) return undefined;
  const unnamed = tally.count - presentIn(tally).length;
  const isThere = change === "added";
  const wasThere = known ? !known.gone : !isThere && unnamed > 0;
  // The platform counted afterwards: only who it was may be new.
  const isCounted = at <= (tally.countedAt ?? -Infinity);
  if (isCounted && isThere && !wasThere && unnamed === 0) return undefined;
  if (isCounted && !isThere && !known) return undefined;
  const others = tally.people.filter((person) => person !== known);
  const person = { identityId, at, ...(isThere ? {} : { gone: true as const }) };
  return {
    ...tally,
    count: tally.count + (isCounted ? 0 : Number(isThere) - Number(wasThere)),
    people: newest([...others, person]),
  };
}

/** What the platform says at a time. `users`: who reacted, as far as it names them. */
export interface Count {
  readonly count: number;
  readonly users: readonly Id<"identities">[];
  readonly at: number;
}

/** The tally after a count; undefined if it says nothing new. What people did after it stays. */
export function counted(tally: Tally, { count, users, at }: Count): Tally | undefined {
  if (tally.countedAt !== undefined && tally.countedAt > at) return undefined;
  const listed = new Set(users);
  const isComplete = listed.size >= count;
  const later = tally.people.filter((person) => person.at > at);
  const named = [...listed]
    .filter((id) => later.every(({ identityId }) => identityId !== id))
    .map((identityId) => ({ identityId, at }));
  const others = presentIn(tally).filter(
    (person) => person.at <= at && !listed.has(person.identityId),
  );
  // Where more are known than counted, some of them have left, and nobody knows who.
  const kept = isComplete || listed.size + others.length > count ? [] : others;
  const people = newest([...kept, ...named, ...later]);
  const since = later.reduce((sum, { identityId, gone }) => {
    const wasCounted = listed.has(identityId) || (!isComplete && gone === true);
    return sum + Number(!gone) - Number(wasCounted);
  }, 0);
  const total = Math.max(count + since, presentIn({ people }).length);
  if (total === tally.count && isSame(presentIn(tally), presentIn({ people }))) return undefined;
  return { count: total, people, countedAt: at };
}

function newest(people: Tally["people"]): Tally["people"] {
  return people.length <= MOST_NAMED
    ? people
    : people.toSorted((a, b) => a.at - b.at).slice(-MOST_NAMED);
}

function isSame(before: Tally["people"], after: Tally["people"]): boolean {
  const ids = new Set(before.map(({ identityId }) => identityId));
  return before.length === after.length && after.every(({ identityId }) => ids.has(identityId));
}
