import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest";
import { PlatformError, type PlatformErrorFields } from "../core/shared/errors.ts";
import { isConnectError } from "../core/shared/network_errors.ts";

/** What a request was for; the same code means different things. */
export type Doing = "post" | "edit" | "remove" | "thread" | "read" | "read thread";

type Known = Pick<PlatformErrorFields, "reason" | "step" | "mapping"> & {
  /** Ms until another try may help; absent: a person has to act. */
  readonly retryAfterMs?: number;
};

const PERMISSIONS = "In Discord: Edit Channel > Permissions";

/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#json. All of them: surely not done. */
const KNOWN: Readonly<Record<string, Known>> = {
  "10003": {
    reason: "the channel does not exist, or the bot can't see it",
    step: "unmap the channel if it was deleted, else give the bot View Channel in Edit Channel > Permissions",
    mapping: true,
  },
  "10004": {
    reason: "the server does not exist, or the bot is no longer in it",
    step: "invite the bot again: Discord Developer Portal > your app > OAuth2 > URL Generator",
    mapping: true,
  },
  "10008": { reason: "the message was deleted on Discord" },
  "20016": { reason: "the channel is in slow mode", retryAfterMs: 10_000 },
  "20022": { reason: "the announcement channel takes no more posts for now", retryAfterMs: 10_000 },
  "20028": { reason: "the channel takes no more posts for now", retryAfterMs: 10_000 },
  "20029": { reason: "the server takes no more posts for now", retryAfterMs: 10_000 },
  "30046": {
    reason: "Discord takes no more edits of old messages for now",
    retryAfterMs: 60_000,
  },
  "40001": {
    reason: "the bot token is not authorised for this",
    step: "invite the bot again: Discord Developer Portal > your app > OAuth2 > URL Generator",
    mapping: true,
  },
  "40004": { reason: "Discord turned sending off for a while", retryAfterMs: 60_000 },
  "40005": { reason: "Discord found the request too large" },
  "40006": { reason: "Discord turned this off for a while", retryAfterMs: 60_000 },
  "40058": {
    reason: "a forum takes messages only in its posts",
    step: "ask in a post of the forum, or map a text channel instead",
    mapping: true,
  },
  "40062": { reason: "Discord asks to slow down", retryAfterMs: 10_000 },
  "40333": { reason: "Discord's firewall blocks this machine for now", retryAfterMs: 5 * 60_000 },
  "50001": {
    reason: "the bot can't see the channel",
    step: `${PERMISSIONS} > the bot's role > allow View Channel`,
    mapping: true,
  },
  "50005": { reason: "the message is not the bot's own" },
  "50006": { reason: "Discord found the message empty" },
  "50008": {
    reason: "this kind of channel takes no messages",
    step: "map a text channel instead",
    mapping: true,
  },
  "50009": {
    reason: "the server asks for a verification that the bot does not have",
    step: "Server Settings > Safety Setup: lower the verification level, or give the bot a role",
    mapping: true,
  },
  "50013": {
    reason: "the bot may not do this in the channel",
    step: `${PERMISSIONS} > the bot's role > allow Send Messages and Send Messages in Threads`,
    mapping: true,
  },
  "50024": {
    reason: "this kind of channel does not take this",
    step: "map a text channel instead",
    mapping: true,
  },
  "50035": { reason: "Discord found the request malformed" },
  "50083": { reason: "the thread is archived and locked", step: "reopen the thread in Discord" },
  "130000": { reason: "Discord is overloaded", retryAfterMs: 10_000 },
  "160002": {
    reason: "the bot may not reply, because it can't read the channel's history",
    step: `${PERMISSIONS} > the bot's role > allow Read Message History`,
    mapping: true,
  },
  "160005": { reason: "the thread is locked", step: "unlock the thread in Discord" },
  "160006": {
    reason: "the server has as many open threads as Discord allows",
    step: "close threads that are no longer used",
  },
  "160007": {
    reason: "the channel has as many open threads as Discord allows",
    step: "close threads that are no longer used",
  },
  "200000": {
    reason: "the server's AutoMod blocked the text",
    step: "Server Settings > AutoMod > the rule > exempt the bot's role",
  },
  "200001": {
    reason: "the server's AutoMod blocked the thread's name",
    step: "Server Settings > AutoMod > the rule > exempt the bot's role",
  },
  "240000": { reason: "Discord blocked a link in the text" },
};

/** Where the meaning depends on what was tried. */
const THREAD: Readonly<Record<string, Known>> = {
  "10008": { reason: "the question was deleted, so no thread can be opened at it" },
  "50013": {
    reason: "the bot may not open threads in the channel",
    step: `${PERMISSIONS} > the bot's role > allow Create Public Threads and Send Messages in Threads`,
    mapping: true,
  },
};
const MAY_READ = `${PERMISSIONS} > the bot's role > allow View Channel and Read Message History`;
const READ: Readonly<Record<string, Known>> = {
  "50001": { reason: "the bot can't see the channel", step: MAY_READ, mapping: true },
  "50013": {
    reason: "the bot may not read the channel's history",
    step: MAY_READ,
    mapping: true,
  },
};
/** Of a thread: it says nothing of the channel that the thread is in. */
const READ_THREAD: Readonly<Record<string, Known>> = {
  "10003": { reason: "the thread was deleted on Discord" },
  "50001": {
    reason: "the bot can't see the thread",
    step: "if the thread is private, mention the bot in it",
  },
  "50013": { reason: "the bot may not read the thread's history", step: MAY_READ },
};
const POST: Readonly<Record<string, Known>> = {
  // The nonce found the earlier post, and that is gone: https://github.com/discord/discord-api-docs/issues/6647
  "10008": { reason: "it was posted, and then deleted by someone on Discord" },
};

const SPECIAL: Readonly<Partial<Record<Doing, Readonly<Record<string, Known>>>>> = {
  post: POST,
  thread: THREAD,
  read: READ,
  "read thread": READ_THREAD,
};

export interface Failed {
  readonly doing: Doing;
  /** It was handed to the network. */
  readonly sent: boolean;
  /** Its deadline had passed. */
  readonly aborted: boolean;
}

/** What a failed request means. The library's error is not kept as the cause: it holds the request's body. */
export function explain(error: unknown, failed: Failed): PlatformError {
  return new PlatformError(fieldsOf(error, failed));
}

function fieldsOf(error: unknown, { doing, sent, aborted }: Failed): PlatformErrorFields {
  if (error instanceof RateLimitError)
    return {
      code: "429",
      reason: "Discord's rate limit for this is used up",
      retryable: true,
      retryAfterMs: Math.max(error.timeToReset, error.retryAfter, error.sublimitTimeout, 0),
      certain: true,
    };
  if (error instanceof DiscordAPIError) return refusal(error, doing);
  if (error instanceof HTTPError)
    return {
      code: String(error.status),
      reason: `Discord answered with HTTP ${error.status}`,
      retryable: true,
      certain: !sent,
    };
  // The library has its own deadline too, and another error for one that passed in its queue.
  if (aborted || (error instanceof Error && error.name === "AbortError"))
    return {
      code: "timeout",
      reason: "Discord did not answer in time",
      retryable: true,
      certain: !sent,
    };
  return {
    code: "network",
    reason: "the connection to Discord failed",
    retryable: true,
    certain: !sent || isConnectError(networkCode(error)),
  };
}

function refusal({ code, status }: DiscordAPIError, doing: Doing): PlatformErrorFields {
  const special = SPECIAL[doing] ?? {};
  const tokenRefused = status === 401;
  const known = (tokenRefused ? undefined : (special[code] ?? KNOWN[code])) ?? byStatus(status);
  const { reason, step, retryAfterMs } = known;
  return {
    code: code === 0 || tokenRefused ? String(status) : String(code),
    reason,
    retryable: retryAfterMs !== undefined,
    certain: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(step === undefined ? {} : { step }),
    ...(known.mapping === true && doing !== "read thread" ? { mapping: true } : {}),
  };
}

/** For codes that are not in the table. */
function byStatus(status: number): Known {
  switch (status) {
    case 401:
      // Ends the process, which says the step; what it was about to post waits for the next one.
      return { reason: "Discord does not accept the bot token", retryAfterMs: 60_000 };
    case 403:
      return {
        reason: "Discord does not allow the bot to do this",
        step: `${PERMISSIONS} > check what the bot's role is allowed`,
        mapping: true,
      };
    case 404:
      return { reason: "Discord does not know what the request was about" };
    case 429:
      return { reason: "Discord asks to slow down", retryAfterMs: 10_000 };
    default:
      return { reason: `Discord refused the request with HTTP ${status}` };
  }
}

export const RESET_TOKEN =
  "Discord Developer Portal > your app > Bot > Reset Token, then set DISCORD_BOT_TOKEN to the new one";

function networkCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error) return error.code;
  return networkCode(error.cause);
}
