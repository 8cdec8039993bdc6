/**
 * The deployment's own settings, read when needed: a module-level read would freeze them at load, and a throw
 * there would break every function of the file.
 */

/**
 * Context and output caps of one reply: bounds what a single answer can cost. Bytes of UTF-8, because no token is less
 * than one: 24,000 characters of Yi would be 72,000 tokens.
 */
export const CONTEXT_MESSAGES = 30;
export const CONTEXT_BYTES = 24_000;
export const OUTPUT_TOKENS = 2_000;

/** How long one call to the AI service may take. */
export const AI_TIMEOUT_MS = 60_000;

const DEFAULT_MODEL = "gpt-4o";

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

export interface BotSettings {
  /** Who the AI is told it is. */
  readonly name: string;
  /** What people see as its name, and call it by. */
  readonly shortName: string;
  /** For channels that have no instructions of their own. */
  readonly instructions: string | undefined;
}

export function botSettings(): BotSettings {
  const name = text(process.env.AI_NAME);
  return {
    name: name ?? "the assistant of this chat",
    shortName: name ?? "AI",
    instructions: text(process.env.AI_INSTRUCTIONS),
  };
}

/** Whether requests can go there. */
export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s/]+\S*$/i.test(text);
}

/** A model at an address: what it takes depends on both. */
export function aiServiceOf(model: string | undefined): string {
  const { baseURL = "", model: usual } = openAiSettings();
  return `${baseURL} ${model ?? usual}`;
}

/** The deployment's variables, by name. Setup passes those it has read; the functions read their own. */
type Variables = Readonly<Record<string, string | undefined>>;

export interface ReplyLimits {
  /** For everybody but strangers, per day. */
  readonly perDay: number;
  /** For one person, per hour. */
  readonly perAuthor: number;
  /** For one Convex channel, per hour. */
  readonly perChannel: number;
  /** For everybody without a token together, per day. On top of `perDay`, so that strangers can't use that up. */
  readonly perDayForStrangers: number;
}

/** A limit that can't be read is 0: nobody knows what was meant, and replies cost money. */
export function replyLimits(env: Variables = process.env): ReplyLimits {
  const perDay = count(env.AI_REPLIES_PER_DAY, 1_000) ?? 0;
  return {
    perDay,
    perAuthor: count(env.AI_REPLIES_PER_AUTHOR, 60) ?? 0,
    perChannel: count(env.AI_REPLIES_PER_CHANNEL, 300) ?? 0,
    perDayForStrangers: count(env.AI_REPLIES_FOR_STRANGERS, Math.ceil(perDay / 2)) ?? 0,
  };
}

/** Messages of apps per minute: those of one person, and of all in one private channel. 0 if it can't be read. */
export function messagesPerMinute(env: Variables = process.env) {
  return {
    perAuthor: count(env.APP_MESSAGES_PER_MINUTE, 20) ?? 0,
    perChannel: count(env.APP_MESSAGES_PER_CHANNEL, 60) ?? 0,
  };
}

/** Whether people without a token may use the public chat API at all: unless it is set to anything but yes. */
export function publicChatIsOpen(env: Variables = process.env): boolean {
  const word = text(env.PUBLIC_CHAT)?.toLowerCase();
  return word === undefined || OPEN.includes(word);
}

const OPEN = ["open", "true", "on", "yes", "1"];
const CLOSED = ["closed", "false", "off", "no", "0"];

/** Names of the limits that are set and can't be read, and PUBLIC_CHAT if its value is no known word. */
export function unreadableSettings(env: Variables = process.env): string[] {
  const limits = [
    "AI_REPLIES_PER_DAY",
    "AI_REPLIES_PER_AUTHOR",
    "AI_REPLIES_PER_CHANNEL",
    "AI_REPLIES_FOR_STRANGERS",
    "APP_MESSAGES_PER_MINUTE",
    "APP_MESSAGES_PER_CHANNEL",
  ].filter((name) => count(env[name], 0) === undefined);
  const word = text(env.PUBLIC_CHAT)?.toLowerCase();
  const isKnown = word === undefined || [...OPEN, ...CLOSED].includes(word);
  return isKnown ? limits : [...limits, "PUBLIC_CHAT"];
}

/** Whether anybody has decided about the public chat API. */
export function publicChatIsSet(env: Variables = process.env): boolean {
  return text(env.PUBLIC_CHAT) !== undefined;
}

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim() ?? "";
  return trimmed === "" ? undefined : trimmed;
}

/** Undefined if it is not a whole number. */
function count(value: string | undefined, unset: number): number | undefined {
  const digits = text(value);
  if (digits === undefined) return unset;
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}
