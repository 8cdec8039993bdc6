/**
 * Channels whose id changed: Slack assigns a new one when a channel becomes shared. Messages arrive under the new id before
 * Convex has stored it, and waiting deliveries still name the old one.
 * https://docs.slack.dev/reference/events/channel_id_changed
 */
export class ChannelIds {
  readonly #next = new Map<string, string>();
  readonly #previous = new Map<string, string>();

  changed(from: string, to: string): void {
    // A repeated change, or one back to an earlier id, must not close a cycle.
    if (from === this.current(to)) return;
    this.#next.set(from, to);
    this.#previous.set(to, from);
  }

  /** The id that a channel has now. */
  current(id: string): string {
    const next = this.#next.get(id);
    return next === undefined ? id : this.current(next);
  }

  /** `id`, then the ids that its channel had before. */
  *history(id: string): Iterable<string> {
    for (let each: string | undefined = id; each !== undefined; each = this.#previous.get(each))
      yield each;
  }
}
