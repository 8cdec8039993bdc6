/** A channel as the bot sees it. */
export interface ChannelView {
  readonly id: string;
  readonly name: string;
  /** The name of the server the channel is in (Discord only). */
  readonly within?: string;
  /** What prevents the bot from working in the channel, with the step that fixes it. */
  readonly troubles: readonly Trouble[];
  /** What keeps messages that are relayed to the channel from having their authors' names, pictures and files. */
  readonly relay?: Trouble;
}

export interface Trouble {
  readonly problem: string;
  readonly step: string;
  /** Matters only to mappings that reply in threads. */
  readonly minor?: true;
}

/** How messages are relayed by a bot that can't post under people's names. */
export const RELAYS_PLAINLY =
  "messages relayed there are posted by the bot, with the author's name in bold in front";

/** A platform as the bot sees it, through the platform's API. Every method throws `ViewError` if a request fails. */
export interface PlatformView {
  channel(id: string): Promise<ChannelView>;
  /** The channels visible to the bot whose name contains `text`, sorted by name; at most 1,000. */
  find(text: string): Promise<ChannelView[]>;
  /** Ids of the newest messages written by people in a channel, newest first; at most ten. */
  newestFromPeople(channel: string): Promise<string[]>;
}

/** The platform refused the bot, or could not be reached. */
export class ViewError extends Error {
  constructor(
    readonly problem: string,
    /** How to fix it; absent if waiting is the only option. */
    readonly step?: string,
  ) {
    super(problem);
    this.name = "ViewError";
  }
}
