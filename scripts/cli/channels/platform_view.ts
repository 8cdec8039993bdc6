/** A channel as the bot sees it. */
export interface ChannelView {
  readonly id: string;
  readonly name: string;
  /** Where it is: the server's name on Discord. */
  readonly within?: string;
  /** What keeps the bot from working there, and the step that mends it. Empty: nothing. */
  readonly troubles: readonly Trouble[];
}

export interface Trouble {
  readonly problem: string;
  readonly step: string;
  /** It works all the same, but for something that the mapping may not need. */
  readonly minor?: true;
}

/** A platform that can be asked. Every method throws `PlatformError` when the platform gives no answer. */
export interface PlatformView {
  channel(id: string): Promise<ChannelView>;
  /** The channels the bot sees whose name contains `text`, by name; at most 1,000. */
  find(text: string): Promise<ChannelView[]>;
  /** Ids of the newest messages of people in a channel, at most ten. */
  newestFromPeople(channel: string): Promise<string[]>;
}

/** The platform refused the bot as a whole, or could not be asked. */
export class PlatformError extends Error {
  constructor(
    readonly problem: string,
    /** What a person does; absent when waiting is all there is. */
    readonly step?: string,
  ) {
    super(problem);
    this.name = "PlatformError";
  }
}
