/**
 * Channels that have another id now: Slack gives one when a channel becomes shared. What is said under the new id comes
 * before the mapping with it does, and what waits in the outbox still names the old one.
 * https://docs.slack.dev/reference/events/channel_id_changed
 */
export class Moves {
  readonly #next = new Map<string, string>();
  readonly #previous = new Map<string, string>();

  note(from: string, to: string): void {
    // Told again, or back where it was: neither may ever lead round in a circle.
    if (from === this.now(to)) return;
    this.#next.set(from, to);
    this.#previous.set(to, from);
  }

  /** The id a channel has now. */
  now(id: string): string {
    const next = this.#next.get(id);
    return next === undefined ? id : this.now(next);
  }

  /** Every id a channel has had, this one first. */
  *ids(id: string): Iterable<string> {
    for (let each: string | undefined = id; each !== undefined; each = this.#previous.get(each))
      yield each;
  }
}
