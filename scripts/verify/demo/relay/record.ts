import type { PlatformName } from "../../../../bridges/platform.ts";
import type { AcceptedPost, PersonAct, VisibleMessage } from "../../../stand_ins/chat.ts";

/** One of several channels that hear each other, as its platform recorded it. */
export interface RelayRecord {
  readonly platform: PlatformName;
  /** What people said in the other channels, in order, as a reader sees it. */
  readonly said: readonly Said[];
  /** What the platform accepted in this one, in order. */
  readonly posts: readonly AcceptedPost[];
  /** What people see in this one, without the answers. */
  readonly seen: readonly VisibleMessage[];
  /** Whether a text that is seen here asks the AI. */
  readonly asks: (text: string) => boolean;
  /** What the AI answered in all of them, in order. */
  readonly answers: readonly string[];
}

/** One message of a person, from another platform. */
export interface Said {
  readonly id: string;
  readonly author: string;
  readonly text: string;
}

export interface RelayVerdict {
  readonly relayed: number;
  readonly replies: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly inverted: number;
  readonly differences: readonly string[];
}

/** What a verdict counts while it is made. */
export type Tally = Record<Exclude<keyof RelayVerdict, "differences">, number>;

/** The most posts that one message is split into. */
export const MOST_PARTS = 20;

/** What people said and did not take back, with its last text. `nameOf` reads a person's id, `read` the platform's text. */
export function saidBy(
  acts: readonly PersonAct[],
  nameOf: (person: string) => string,
  read: (text: string) => string,
): Said[] {
  const messages = new Map<string, Said>();
  for (const act of acts) {
    if (act.kind === "delete") messages.delete(act.id);
    else messages.set(act.id, { id: act.id, author: nameOf(act.person), text: read(act.text) });
  }
  return [...messages.values()];
}
