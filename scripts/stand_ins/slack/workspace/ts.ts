/** Slack's message ids: seconds and six digits of microseconds, e.g. `1503435956.000247`. Ordered, unique in a channel. */

/** Microseconds since 1970, or undefined when `text` is not a ts. A float would lose the last digits. */
export function microsOf(text: string): number | undefined {
  const match = /^(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) return undefined;
  const [, seconds = "", fraction = ""] = match;
  return Number(seconds) * 1_000_000 + Number(fraction.padEnd(6, "0"));
}

export function tsOf(micros: number): string {
  const fraction = String(micros % 1_000_000).padStart(6, "0");
  return `${Math.floor(micros / 1_000_000)}.${fraction}`;
}

/** Issues timestamps of `now()` (ms since 1970), strictly increasing even within one millisecond. */
export class TsClock {
  #last = 0;

  constructor(readonly now: () => number) {}

  next(): string {
    this.#last = Math.max(this.#last + 1, Math.floor(this.now() * 1000));
    return tsOf(this.#last);
  }
}
