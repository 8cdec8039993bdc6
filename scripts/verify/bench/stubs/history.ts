/** The history of a channel, oldest first. */
export interface History<Message> {
  readonly messages: readonly Message[];
  /** Messages per page. */
  readonly perPage: number;
  /** The number of pages requested. */
  pages: number;
}

export const EMPTY_HISTORY = { messages: [], perPage: 1, pages: 0 };

/** `count` messages, spread evenly over an hour that ended a minute ago. */
export function makeHistory<Message>(
  count: number,
  perPage: number,
  messageAt: (n: number, at: number) => Message,
): History<Message> {
  const end = Date.now() - 60_000;
  const start = end - 60 * 60_000;
  const at = (n: number) => Math.floor(start + ((end - start) * n) / count);
  return {
    messages: Array.from({ length: count }, (_, n) => messageAt(n, at(n))),
    perPage,
    pages: 0,
  };
}
