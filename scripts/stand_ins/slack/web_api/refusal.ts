/** An error of Slack's Web API: HTTP 200 with `{ ok: false, error }`. */
export class SlackRefusal extends Error {
  constructor(
    /** One of Slack's error names, e.g. `channel_not_found`. */
    readonly error: string,
    /** Further fields of the answer, e.g. `needed` and `provided` of `missing_scope`. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(error);
    this.name = "SlackRefusal";
  }
}
