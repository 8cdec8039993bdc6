/*
 * Every failure of Discord that the bridge handles: what it means, and what to do. Plain data without the client
 * library, so that scripts and docs can use it; `sdk_errors.ts` turns the library's errors into it.
 */

/** What one failure code means. */
export interface Failure {
  /** What happened, in words an admin understands. */
  readonly reason: string;
  /** What it affects: one message or thread, everything in the mapped channel, or the whole bridge. */
  readonly concerns: "delivery" | "channel" | "process";
  /** What a person does about it. */
  readonly step?: string;
  /** Whether a retry can help without human action. */
  readonly retryable?: true;
  /** How long to wait before a retry, in ms, where Discord does not say. */
  readonly retryAfterMs?: number;
  /** Discord may have carried out the request all the same, if it was sent. */
  readonly uncertain?: true;
}

/** A failure that ends the process. `code` is the bridge's own. */
export interface FatalFailure {
  readonly code: string;
  readonly reason: string;
  readonly step: string;
}

const SETTINGS = "Edit Channel > Permissions > the bot's role";
const PORTAL = "Discord Developer Portal > your app";

/* Steps that the commands show too. */
export const RESET_TOKEN = `${PORTAL} > Bot > Reset Token, then set DISCORD_BOT_TOKEN to the new one`;
export const INVITE_BOT = `Invite the bot to the server: ${PORTAL} > OAuth2 > URL Generator`;
const MAP_TEXT_CHANNEL = "Map a text channel instead";
const CLOSE_THREADS = "Close threads that are no longer used";
const EXEMPT_FROM_AUTOMOD = "Server Settings > AutoMod > the rule > exempt the bot's role";

/** The step for missing permissions, by the names that Discord's channel settings show. */
export function allow(...permissions: readonly string[]): string {
  return `In Discord: ${SETTINGS} > allow ${permissions.join(" and ")}`;
}

const SEE_HISTORY = allow("View Channel", "Read Message History");

const delivery = (reason: string, step?: string): Failure => ({
  reason,
  concerns: "delivery",
  ...(step === undefined ? {} : { step }),
});
const channel = (reason: string, step: string): Failure => ({ reason, concerns: "channel", step });
const retry = (reason: string): Failure => ({ ...delivery(reason), retryable: true });
const later = (reason: string, retryAfterMs: number) => ({ ...retry(reason), retryAfterMs });
const unclear = (reason: string): Failure => ({ ...retry(reason), uncertain: true });

/**
 * Discord refused the request and did not carry it out.
 * https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
 */
export const REFUSALS = {
  10003: channel(
    "the channel does not exist, or the bot can't see it",
    `Unmap the channel if it was deleted. Otherwise, in Discord: ${SETTINGS} > allow View Channel`,
  ),
  10004: channel("the server does not exist, or the bot is no longer in it", INVITE_BOT),
  10008: delivery("the message was deleted on Discord"),
  10015: retry("the channel's webhook was deleted on Discord"),
  20016: later("the channel is in slow mode", 10_000),
  20022: later("the announcement channel has reached its rate limit", 10_000),
  20028: later("the channel has reached its rate limit", 10_000),
  20029: later("the server has reached its rate limit", 10_000),
  30046: later("Discord limits edits of old messages", 60_000),
  40001: channel("the bot token is not authorised for this", INVITE_BOT),
  40004: later("Discord has temporarily disabled sending", 60_000),
  40005: delivery("the request is too large for Discord"),
  40006: later("Discord has temporarily disabled this feature", 60_000),
  40058: channel(
    "a forum takes messages only in its posts",
    "Ask in a post of the forum, or map a text channel instead",
  ),
  40062: later("Discord's rate limit is reached", 10_000),
  40333: later("Discord's firewall temporarily blocks this machine", 5 * 60_000),
  50001: channel("the bot can't see the channel", allow("View Channel")),
  50005: delivery("the message is not the bot's own"),
  50006: delivery("Discord rejected the message as empty"),
  50008: channel("this kind of channel takes no messages", MAP_TEXT_CHANNEL),
  50009: channel(
    "the server requires a verification that the bot does not have",
    "Server Settings > Safety Setup: lower the verification level, or give the bot a role",
  ),
  50013: channel(
    "the bot lacks a permission in the channel",
    allow("Send Messages", "Send Messages in Threads"),
  ),
  50027: retry("Discord no longer accepts the channel's webhook"),
  50024: channel("this kind of channel does not support this", MAP_TEXT_CHANNEL),
  50035: delivery("Discord rejected the request as malformed"),
  50083: delivery("the thread is archived and locked", "Reopen the thread in Discord"),
  130000: later("Discord is overloaded", 10_000),
  160002: channel(
    "the bot may not reply, because it can't read the channel's history",
    allow("Read Message History"),
  ),
  160005: delivery("the thread is locked", "Unlock the thread in Discord"),
  160006: delivery("the server has reached its limit of open threads", CLOSE_THREADS),
  160007: delivery("the channel has reached its limit of open threads", CLOSE_THREADS),
  200000: delivery("the server's AutoMod blocked the text", EXEMPT_FROM_AUTOMOD),
  200001: delivery("the server's AutoMod blocked the thread's name", EXEMPT_FROM_AUTOMOD),
  240000: delivery("Discord blocked a link in the text"),
} as const satisfies Readonly<Record<number, Failure>>;

/** HTTP statuses, for refusals whose code is not above. */
export const STATUSES = {
  // The process ends; what it was about to post waits for the next one.
  401: {
    ...later("Discord does not accept the bot token", 60_000),
    concerns: "process",
    step: RESET_TOKEN,
  },
  403: channel(
    "Discord does not allow the bot to do this",
    `In Discord: ${SETTINGS} > check what is allowed`,
  ),
  404: delivery("Discord does not know the channel or message of the request"),
  429: later("Discord's rate limit is reached", 10_000),
} as const satisfies Readonly<Record<number, Failure>>;

/** Failures without a code of Discord's. These codes are the bridge's own. */
export const WITHOUT_CODE = {
  timeout: unclear("Discord did not answer in time"),
  network: unclear("the connection to Discord failed"),
  /** The answer to a read. */
  malformed_answer: retry("Discord's answer could not be read"),
  /** The answer to a post. */
  unreadable: unclear("Discord's answer to a post could not be read"),
  webhook_moved: retry("the channel's webhook was moved to another channel on Discord"),
  file_gone: delivery("Discord no longer has the file"),
  file_elsewhere: delivery("the file's address is not Discord's"),
  no_server: channel("the channel is in no server", "Map a text channel of a server instead"),
  history_hidden: channel(
    "Discord shows the bot none of the channel's history",
    allow("Read Message History"),
  ),
  guild_left: channel("the bot was removed from the server", `${INVITE_BOT}. Or unmap the channel`),
} as const satisfies Readonly<Record<string, Failure>>;

/** The gateway reported that the channel was deleted, so its 10003 is not about permissions. */
export const CHANNEL_DELETED = channel(
  "the channel was deleted on Discord",
  "Unmap it and map another channel",
);

/** What a request was for: the meaning of some codes depends on it. */
export type Operation = "post" | "edit" | "remove" | "openThread" | "read";

type Meanings = Readonly<Record<number, Failure>>;

const MEANINGS: Readonly<Partial<Record<Operation, Meanings>>> = {
  post: {
    // The nonce matched an earlier post that is gone: https://github.com/discord/discord-api-docs/issues/6647
    10008: delivery("the reply was posted, and then deleted by someone on Discord"),
  },
  edit: {
    50005: delivery("the webhook that posted the message was deleted, so nothing can change it"),
  },
  remove: {
    50013: delivery(
      "the webhook that posted the message was deleted, and the bot may not delete it",
      `Delete the message in Discord, or ${allow("Manage Messages")}`,
    ),
  },
  openThread: {
    10008: delivery("the question was deleted, so no thread can be opened at it"),
    50013: channel(
      "the bot may not open threads in the channel",
      allow("Create Public Threads", "Send Messages in Threads"),
    ),
  },
  read: {
    50001: channel("the bot can't see the channel", SEE_HISTORY),
    50013: channel("the bot may not read the channel's history", SEE_HISTORY),
  },
};

const THREAD_DELETED = delivery("the thread was deleted on Discord");

/** What is refused in a thread does not show that its channel is broken. */
const MEANINGS_IN_THREAD: Readonly<Partial<Record<Operation, Meanings>>> = {
  post: { 10003: THREAD_DELETED },
  edit: { 10003: THREAD_DELETED },
  remove: { 10003: THREAD_DELETED },
  read: {
    10003: THREAD_DELETED,
    50001: delivery(
      "the bot can't see the thread",
      "If the thread is private, mention the bot in it",
    ),
    50013: delivery("the bot may not read the thread's history", SEE_HISTORY),
  },
};

const INVALID_WEBHOOK_TOKEN = 50027;

export interface Attempted {
  readonly operation: Operation;
  /** The request was for a thread or a message in one. */
  readonly inThread?: boolean | undefined;
}

/** What a refusal means. `code` is Discord's error code, or the HTTP status where that is 0 or no code. */
export function failureOf(
  { code: given, status }: { readonly code: unknown; readonly status: number },
  { operation, inThread = false }: Attempted,
): Failure & { readonly code: string } {
  const code = Number.isInteger(given) && given !== 0 ? Number(given) : status;
  // With a refused token of the bot no other code matters.
  if (status === 401 && code !== INVALID_WEBHOOK_TOKEN) return { code: "401", ...STATUSES[401] };
  const tables: readonly (Meanings | undefined)[] = [
    inThread ? MEANINGS_IN_THREAD[operation] : undefined,
    MEANINGS[operation],
    REFUSALS,
  ];
  const listed = tables.map((table) => table?.[code]).find((each) => each !== undefined);
  const failure = listed ?? ofStatus(status);
  const concerns = operation === "read" && inThread ? "delivery" : failure.concerns;
  return { ...failure, concerns, code: String(code) };
}

function ofStatus(status: number): Failure {
  const byStatus: Meanings = STATUSES;
  return byStatus[status] ?? delivery(`Discord refused the request with HTTP ${status}`);
}

export const TOKEN_REFUSED: FatalFailure = {
  code: "DISCORD_TOKEN",
  reason: STATUSES[401].reason,
  step: RESET_TOKEN,
};

export const MESSAGE_CONTENT_OFF: FatalFailure = {
  code: "DISCORD_INTENT",
  reason: "the bot may not read the content of messages",
  step: `${PORTAL} > Bot > Privileged Gateway Intents > Message Content Intent: on`,
};

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes */
export const CLOSE_CODES: Readonly<Record<number, FatalFailure>> = {
  4004: TOKEN_REFUSED,
  4011: {
    code: "DISCORD_SHARDING",
    reason: "the bot is in more servers than Discord allows on so few connections (2,500 each)",
    step: "Start the bridge again: it opens as many connections as Discord recommends. If DISCORD_SHARDS is set, set it for more shards",
  },
  4014: MESSAGE_CONTENT_OFF,
};

/** Codes after which a client must not connect again. */
export const FINAL_CLOSE_CODES: ReadonlySet<number> = new Set([4004, 4010, 4011, 4012, 4013, 4014]);

/** What it means that Discord closed the gateway connection with a code after which a client must not reconnect. */
export function closeFailure(closeCode: number): FatalFailure {
  return (
    CLOSE_CODES[closeCode] ?? {
      code: "DISCORD_GATEWAY",
      reason: `Discord refused the connection with close code ${closeCode}`,
      step: "Update the bridge: Discord no longer accepts what this version requests",
    }
  );
}
