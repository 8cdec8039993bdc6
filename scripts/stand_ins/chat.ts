/**
 * The interface that the Discord and Slack stand-ins share: people who post, a bot that posts, and a record of both.
 * The demo, the tests and the playground page act for people through this interface.
 */
export interface ChatStandIn {
  readonly platform: "discord" | "slack";
  /** The environment variables of a bridge that connects to this stand-in: tokens and the API address. */
  readonly env: Readonly<Record<string, string>>;
  /** The bot's user id. */
  readonly botId: string;
  /** Creates a channel that the bot is in; returns its id. */
  addChannel(name: string): string;
  /** Creates a person who can see every channel; returns the user id. */
  addPerson(name: string): string;
  /** A person posts. Returns the message's id (Discord: snowflake; Slack: ts). Throws when the platform would refuse it. */
  say(message: NewMessage): string;
  /** The author of a message changes its text. Throws when there is no such message. */
  edit(message: Place & { readonly id: string; readonly text: string }): void;
  /** The author of a message (or, for the bot's, a moderator) deletes it. Throws when there is no such message. */
  remove(message: Place & { readonly id: string }): void;
  /** People react to messages. */
  readonly reactions: ReactionActs;
  /** Opens a thread on a message; returns the thread's id (on Slack the message's own ts: nothing is opened). */
  openThread(message: {
    readonly channel: string;
    readonly id: string;
    readonly name: string;
  }): string;
  /** What people see now in a channel or a thread, oldest first. Deleted messages are gone. */
  transcript(channel: string, thread?: string): VisibleMessage[];
  /** Every post of the bot that the platform accepted, in order, as received. */
  readonly posts: readonly AcceptedPost[];
  /** Everything people did, in order. Verdicts compare Convex with it. */
  readonly history: readonly PersonAct[];
  /** Calls `listener` after every visible change, including the bot's. Returns a function that unsubscribes. */
  onChange(listener: (change: ChatChange) => void): () => void;
  /** Live bridge connections (Discord: identified gateway sessions; Slack: open sockets). */
  connections(): number;
  /** A mention of a person or the bot in this platform's syntax. */
  mention(userId: string): string;
  /** Closes every connection and the port. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * A person's reaction to a message. `emoji`: on Discord a character or `:name:` for one of the server's own, on Slack a
 * name.
 */
export interface ReactionAct extends Place {
  readonly id: string;
  readonly person: string;
  readonly emoji: string;
}

export interface ReactionActs {
  /** Throws when there is no such message, or the person has reacted so already. */
  add(act: ReactionAct): void;
  /** Throws when the person has not reacted so. */
  remove(act: ReactionAct): void;
}

/** A channel, or a thread in it. */
export interface Place {
  readonly channel: string;
  readonly thread?: string;
}

/**
 * What a person posts. `text` is in the form the platform's own client sends: Discord Markdown, or the escaped
 * text of Slack's API. `replyTo` is the id of the message it answers (Discord only).
 */
export interface NewMessage extends Place {
  readonly person: string;
  readonly text: string;
  readonly replyTo?: string;
  readonly files?: readonly GivenFile[];
}

/** A file as a person or app sends it. */
export interface GivenFile {
  readonly name: string;
  /** Its media type. Absent: the platform gives none. */
  readonly type?: string;
  readonly bytes: Uint8Array;
}

/** A message as people see it. `text` still holds the platform's mention tokens. */
export interface VisibleMessage {
  readonly id: string;
  readonly author: string;
  readonly authorId: string;
  readonly text: string;
  readonly edited: boolean;
  readonly fromBot: boolean;
  /** The bot posted it under another name than its own. */
  readonly inPersona?: true;
  readonly replyTo?: string;
  readonly thread?: string;
  /** Absent without any. */
  readonly files?: readonly GivenFile[];
  /** Who reacted with what; `emoji` as in `ReactionAct`. Absent without any. */
  readonly reactions?: readonly { readonly emoji: string; readonly people: readonly string[] }[];
}

/** One post the platform accepted from the bot. A request that repeats a nonce and creates no message is not a post. */
export interface AcceptedPost extends Place {
  readonly id: string;
  readonly text: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly nonce?: string;
  readonly metadata?: unknown;
  /** The name and picture that it was posted under in place of the bot's. */
  readonly persona?: { readonly name?: string; readonly avatarUrl?: string };
  readonly replyTo?: string;
  /** What it pinged: user and role ids, `everyone`, `here`. A bridge must ping nobody. */
  readonly pings: readonly string[];
  /** The request body as it was sent. */
  readonly body: unknown;
}

/** One thing a person did. `at` is in Unix milliseconds. */
export type PersonAct = Place & {
  readonly id: string;
  readonly person: string;
  readonly at: number;
} & (
    | { readonly kind: "say"; readonly text: string; readonly replyTo?: string }
    | { readonly kind: "edit"; readonly text: string }
    | { readonly kind: "delete" }
  );

/** A visible change. For a deletion, `message` is the last version. */
export interface ChatChange extends Place {
  readonly kind: "new" | "edited" | "deleted" | "reacted";
  readonly message: VisibleMessage;
}
