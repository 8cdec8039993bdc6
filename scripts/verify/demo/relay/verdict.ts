import { judgeAnswers } from "./answers.ts";
import { judgeCopies } from "./copies.ts";
import type { RelayRecord, RelayVerdict, Tally } from "./record.ts";

/**
 * Compares what people said in channels that hear each other with what the platforms accepted there: each message once
 * in each other channel, in order, under its author's name, with its text; each answer of the AI once in every one.
 */
export function judgeRelay(records: readonly RelayRecord[]): RelayVerdict {
  const tally: Tally = { relayed: 0, replies: 0, lost: 0, duplicated: 0, inverted: 0 };
  const differences: string[] = [];
  for (const record of records) judgeCopies(record, tally, differences);
  const answered = records.map((record) => judgeAnswers(record, tally, differences));
  return { ...tally, replies: Math.min(...answered), differences };
}
