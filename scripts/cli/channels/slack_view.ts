import { LogLevel, type Logger, WebAPIPlatformError, WebClient } from "@slack/web-api";
import {
  type ChannelFailure,
  FAILURES,
  failureOf,
  TOKEN_STEP,
  type TokenKind,
} from "../../../bridges/slack/failures.ts";
import { AskFailed, type PlatformView, type SeenChannel, type Trouble } from "./seen_channel.ts";

/** The bot scopes the code needs; slack-app-manifest.json asks for the same. */
export const BOT_SCOPES = [
  "channels:history",
  "channels:read",
  "chat:write",
  "groups:history",
  "groups:read",
  "users:read",
] as const;

/** What Slack says of the bot itself. */
export interface SlackBot {
  readonly name: string;
  readonly team: string;
  /** Needed ones the token lacks. */
  readonly missingScopes: readonly string[];
  /** The app the bot belongs to, where `users:read` lets us ask. */
  readonly appId?: string;
}

/** Slack, seen with the bot's token. */
export class SlackView implements PlatformView {
  readonly #web: WebClient;

  constructor(private readonly config: SlackTokens) {
    this.#web = client(config, config.botToken);
  }

  async bot(): Promise<SlackBot> {
    const me = await asked("bot", () => this.#web.auth.test());
    const scopes = me.response_metadata?.scopes ?? [];
    const missingScopes = BOT_SCOPES.filter((scope) => !scopes.includes(scope));
    const { bot_id: bot } = me;
    if (bot === undefined) {
      throw new AskFailed("SLACK_BOT_TOKEN is a person's token, not the bot's", TOKEN_STEP.bot);
    }
    const about = missingScopes.includes("users:read")
      ? undefined
      : await asked("bot", () => this.#web.bots.info({ bot }));
    const appId = about?.bot?.app_id;
    return {
      name: me.user ?? "the bot",
      team: me.team ?? "the workspace",
      missingScopes,
      ...(appId === undefined ? {} : { appId }),
    };
  }

  /** The address of a new socket. Asking opens none. */
  async socketUrl(appToken: string): Promise<string> {
    const web = client(this.config, appToken);
    const answer = await asked("app", () => web.apps.connections.open());
    if (answer.url === undefined) throw new AskFailed("Slack gave no address for a socket");
    return answer.url;
  }

  async channel(id: string): Promise<SeenChannel> {
    try {
      const { channel } = await this.#web.conversations.info({ channel: id });
      return await this.#seen({ ...channel, id });
    } catch (error) {
      return { id, name: "", troubles: [channelTrouble(error)] };
    }
  }

  async find(text: string): Promise<SeenChannel[]> {
    const found: SeenChannel[] = [];
    let cursor: string | undefined;
    do {
      const page = await asked("bot", () =>
        this.#web.conversations.list({
          types: "public_channel,private_channel",
          exclude_archived: true,
          limit: 200,
          ...(cursor === undefined ? {} : { cursor }),
        }),
      );
      for (const { id, name = "", is_member: isMember } of page.channels ?? []) {
        if (id === undefined || !name.includes(text.toLowerCase().replace(/^#/, ""))) continue;
        found.push({ id, name, troubles: isMember ? [] : [NOT_A_MEMBER] });
      }
      cursor = page.response_metadata?.next_cursor;
    } while (cursor !== undefined && cursor !== "" && found.length < 1_000);
    return found.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The newest messages of people in a channel, newest first: their ids only. */
  async newestFromPeople(channel: string): Promise<string[]> {
    const { messages = [] } = await this.#web.conversations.history({ channel, limit: 10 });
    return messages.flatMap(({ ts, bot_id: bot, subtype }) =>
      ts !== undefined && bot === undefined && subtype === undefined ? [ts] : [],
    );
  }

  async #seen(channel: {
    id: string;
    name?: string;
    is_archived?: boolean;
    is_member?: boolean;
  }): Promise<SeenChannel> {
    const { id, name = "" } = channel;
    if (channel.is_archived) return { id, name, troubles: [ARCHIVED] };
    if (!channel.is_member) return { id, name, troubles: [NOT_A_MEMBER] };
    try {
      await this.#web.conversations.history({ channel: id, limit: 1 });
    } catch (error) {
      return { id, name, troubles: [channelTrouble(error)] };
    }
    return { id, name, troubles: [] };
  }
}

export interface SlackTokens {
  readonly botToken: string;
  readonly apiUrl?: string;
}

const NOT_A_MEMBER = troubleOf(FAILURES.not_in_channel);
const ARCHIVED = troubleOf(FAILURES.is_archived);

/** Says nothing: Slack's client would print warnings of its own. */
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

function client({ apiUrl }: SlackTokens, token: string): WebClient {
  return new WebClient(token, {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    retryConfig: { retries: 1 },
    timeout: 10_000,
    rejectRateLimitedCalls: true,
    logger: silent,
  });
}

async function asked<T>(token: TokenKind, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw askFailed(error, token);
  }
}

/** What a refusal about one channel means. Throws `AskFailed` if the failure is about the bot as a whole. */
function channelTrouble(error: unknown): Trouble {
  const failure = error instanceof WebAPIPlatformError ? failureOf(...codeOf(error)) : undefined;
  if (failure?.kind !== "channel") throw askFailed(error, "bot");
  return troubleOf(failure);
}

function troubleOf({ reason, step }: ChannelFailure): Trouble {
  return { problem: reason, step };
}

function askFailed(error: unknown, token: TokenKind): AskFailed {
  if (!(error instanceof WebAPIPlatformError)) {
    return new AskFailed(
      "Slack can't be reached",
      "Check this machine's connection and SLACK_API_URL, if it is set",
    );
  }
  const [code, needed] = codeOf(error);
  if (code === "missing_scope" && token === "bot" && needed !== undefined) {
    const { problem, step } = channelTrouble(error);
    return new AskFailed(problem, step);
  }
  const name = token === "bot" ? "SLACK_BOT_TOKEN" : "SLACK_APP_TOKEN";
  return new AskFailed(`Slack does not accept ${name} (${code})`, TOKEN_STEP[token]);
}

/** Slack's error code, and the scopes it reports as missing. */
function codeOf({ data }: WebAPIPlatformError): [code: string, needed: string | undefined] {
  return [codeLike(data.error) ?? "unknown", "needed" in data ? codeLike(data.needed) : undefined];
}

/** A code or a list of scopes in Slack's notation; no other part of an answer is shown. */
function codeLike(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z0-9_.:, ]{1,200}$/i.test(value) ? value : undefined;
}
