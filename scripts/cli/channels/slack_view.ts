import { LogLevel, type Logger, WebAPIPlatformError, WebClient } from "@slack/web-api";
import {
  PlatformError,
  type PlatformView,
  type ChannelView,
  type Trouble,
} from "./platform_view.ts";

/** The bot scopes the code needs; slack-app-manifest.json asks for the same. */
export const BOT_SCOPES = [
  "channels:history",
  "channels:read",
  "chat:write",
  "groups:history",
  "groups:read",
  "users:read",
] as const;

const APP = "api.slack.com/apps > your app";
const TOKEN_STEP = `${APP} > OAuth & Permissions > Bot User OAuth Token (xoxb-…), after Install to Workspace`;
const APP_TOKEN_STEP = `${APP} > Basic Information > App-Level Tokens: create one with connections:write (xapp-…); and ${APP} > Socket Mode: on`;

/** The bot and its app. */
export interface SlackBot {
  readonly name: string;
  readonly team: string;
  /** Scopes that the bridge needs and the token lacks. */
  readonly missingScopes: readonly string[];
  /** The bot's app; absent if the token lacks `users:read`. */
  readonly appId?: string;
}

/** Slack as the bot sees it. */
export class SlackView implements PlatformView {
  readonly #web: WebClient;

  constructor(private readonly config: SlackTokens) {
    this.#web = client(config, config.botToken);
  }

  async bot(): Promise<SlackBot> {
    const me = await call("SLACK_BOT_TOKEN", TOKEN_STEP, () => this.#web.auth.test());
    const scopes = me.response_metadata?.scopes ?? [];
    const missingScopes = BOT_SCOPES.filter((scope) => !scopes.includes(scope));
    const { bot_id: bot } = me;
    if (bot === undefined) {
      throw new PlatformError("SLACK_BOT_TOKEN is a person's token, not the bot's", TOKEN_STEP);
    }
    const info = missingScopes.includes("users:read")
      ? undefined
      : await call("SLACK_BOT_TOKEN", TOKEN_STEP, () => this.#web.bots.info({ bot }));
    const appId = info?.bot?.app_id;
    return {
      name: me.user ?? "the bot",
      team: me.team ?? "the workspace",
      missingScopes,
      ...(appId === undefined ? {} : { appId }),
    };
  }

  /** Requests the URL of a new socket, without opening it. */
  async socketUrl(appToken: string): Promise<string> {
    const web = client(this.config, appToken);
    const response = await call("SLACK_APP_TOKEN", APP_TOKEN_STEP, () =>
      web.apps.connections.open(),
    );
    if (response.url === undefined) throw new PlatformError("Slack returned no socket URL");
    return response.url;
  }

  async channel(id: string): Promise<ChannelView> {
    try {
      const { channel } = await this.#web.conversations.info({ channel: id });
      return await this.#viewChannel({ ...channel, id });
    } catch (error) {
      return { id, name: "", troubles: [this.#trouble(error)] };
    }
  }

  async find(text: string): Promise<ChannelView[]> {
    const found: ChannelView[] = [];
    const step = TOKEN_STEP;
    let cursor: string | undefined;
    do {
      const page = await call("SLACK_BOT_TOKEN", step, () =>
        this.#web.conversations.list({
          types: "public_channel,private_channel",
          exclude_archived: true,
          limit: 200,
          ...(cursor === undefined ? {} : { cursor }),
        }),
      );
      for (const { id, name = "", is_member: isMember } of page.channels ?? []) {
        if (id === undefined || !name.includes(text.toLowerCase().replace(/^#/, ""))) continue;
        found.push({ id, name, troubles: isMember ? [] : [INVITE] });
      }
      cursor = page.response_metadata?.next_cursor;
    } while (cursor !== undefined && cursor !== "" && found.length < 1_000);
    return found.sort((a, b) => a.name.localeCompare(b.name));
  }

  async newestFromPeople(channel: string): Promise<string[]> {
    const { messages = [] } = await this.#web.conversations.history({ channel, limit: 10 });
    return messages.flatMap(({ ts, bot_id: bot, subtype }) =>
      ts !== undefined && bot === undefined && subtype === undefined ? [ts] : [],
    );
  }

  async #viewChannel(channel: {
    id: string;
    name?: string;
    is_archived?: boolean;
    is_member?: boolean;
  }): Promise<ChannelView> {
    const { id, name = "" } = channel;
    if (channel.is_archived) return { id, name, troubles: [ARCHIVED] };
    if (!channel.is_member) return { id, name, troubles: [INVITE] };
    try {
      await this.#web.conversations.history({ channel: id, limit: 1 });
    } catch (error) {
      return { id, name, troubles: [this.#trouble(error)] };
    }
    return { id, name, troubles: [] };
  }

  /** What an error about one channel means. Throws `PlatformError` if the error is about the bot as a whole. */
  #trouble(error: unknown): Trouble {
    if (error instanceof WebAPIPlatformError) {
      const { error: code } = error.data;
      if (code === "channel_not_found") return UNSEEN;
      if (code === "not_in_channel") return INVITE;
      if (code === "is_archived") return ARCHIVED;
      if (code === "missing_scope") {
        const needed = neededScope(error.data);
        return {
          problem: `the bot lacks the scope ${needed ?? "it needs"}`,
          step: addScopes([needed ?? "the scopes of slack-app-manifest.json"]),
        };
      }
    }
    throw failure(error, "SLACK_BOT_TOKEN", TOKEN_STEP);
  }
}

/** The step that adds scopes to the bot token. */
export function addScopes(scopes: readonly string[]): string {
  return `${APP} > OAuth & Permissions > Bot Token Scopes: add ${scopes.join(", ")}, then Reinstall to Workspace`;
}

/** How to reach Slack as the bot. */
export interface SlackTokens {
  readonly botToken: string;
  readonly apiUrl?: string;
}

const INVITE: Trouble = {
  problem: "the bot is not in the channel",
  step: "In Slack, open the channel and send: /invite @ and the bot's name",
};
const UNSEEN: Trouble = {
  problem:
    "the bot can't see such a channel: it is private and the bot is not in it, or there is none",
  step: "Check the id; in a private channel send: /invite @ and the bot's name",
};
const ARCHIVED: Trouble = {
  problem: "the channel is archived",
  step: "Unarchive it in Slack, or map another one",
};

/** Keeps Slack's client from printing warnings. */
const silentLogger: Logger = {
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
    logger: silentLogger,
  });
}

async function call<T>(token: string, step: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw failure(error, token, step);
  }
}

function failure(error: unknown, token: string, step: string): PlatformError {
  if (!(error instanceof WebAPIPlatformError)) {
    return new PlatformError(
      "can't reach Slack",
      "Check this machine's internet connection, and SLACK_API_URL if it is set",
    );
  }
  const code = scopeName(error.data.error) ?? "unknown";
  if (code === "missing_scope") {
    const needed = neededScope(error.data);
    if (token === "SLACK_BOT_TOKEN" && needed !== undefined) {
      return new PlatformError(`the bot lacks the scope ${needed}`, addScopes([needed]));
    }
  }
  return new PlatformError(`Slack does not accept ${token} (${code})`, step);
}

function neededScope(data: object): string | undefined {
  return "needed" in data ? scopeName(data.needed) : undefined;
}

/** An error code or list of scopes. Undefined for anything else, so that no other part of a response is shown. */
function scopeName(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z0-9_.:, ]{1,200}$/i.test(value) ? value : undefined;
}
