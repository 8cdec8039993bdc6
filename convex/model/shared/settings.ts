/**
 * The deployment's own settings, read when needed: a module-level read would freeze them at load, and a throw
 * there would break every function of the file.
 */

/** Context and output caps of one reply: bounds what a single answer can cost. */
export const CONTEXT_MESSAGES = 30;
export const CONTEXT_CHARACTERS = 24_000;
export const OUTPUT_TOKENS = 2_000;

/** How long one call to the AI service may take. */
export const AI_TIMEOUT_MS = 60_000;

const DEFAULT_MODEL = "gpt-4o";
const DEFAULT_REPLIES_PER_DAY = 1_000;
const DEFAULT_REPLIES_PER_AUTHOR = 60;
const DEFAULT_REPLIES_PER_CHANNEL = 300;

export interface OpenAiSettings {
  readonly apiKey: string | undefined;
  readonly baseURL: string | undefined;
  readonly model: string;
}

export function openAiSettings(): OpenAiSettings {
  return {
    apiKey: text(process.env.OPENAI_API_KEY),
    baseURL: text(process.env.OPENAI_BASE_URL),
    model: text(process.env.OPENAI_MODEL) ?? DEFAULT_MODEL,
  };
}

export interface ReplyLimits {
  /** For the whole deployment, per day. */
  readonly perDay: number;
  /** For one person, per hour. */
  readonly perAuthor: number;
  /** For one Convex channel, per hour. */
  readonly perChannel: number;
  /** For everybody without a token together, per day: half of the day's, so that strangers can't use it up. */
  readonly perDayForStrangers: number;
}

export function replyLimits(): ReplyLimits {
  const perDay = count(process.env.AI_REPLIES_PER_DAY) ?? DEFAULT_REPLIES_PER_DAY;
  return {
    perDay,
    perAuthor: count(process.env.AI_REPLIES_PER_AUTHOR) ?? DEFAULT_REPLIES_PER_AUTHOR,
    perChannel: count(process.env.AI_REPLIES_PER_CHANNEL) ?? DEFAULT_REPLIES_PER_CHANNEL,
    perDayForStrangers: Math.ceil(perDay / 2),
  };
}

/** Whether people without a token may use the public chat API at all. */
export function publicChatIsOpen(): boolean {
  return process.env.PUBLIC_CHAT !== "closed";
}

function text(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

function count(value: string | undefined): number | undefined {
  const number = Number(text(value));
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
