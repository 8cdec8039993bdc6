import { LogLevel, type Logger, WebAPIPlatformError, WebClient } from "@slack/web-api";
import {
  addScopes,
  type ChannelFailure,
  FAILURES,
  failureOf,
  INVITE_UNNAMED,
  TOKEN_STEP,
  type TokenKind,
} from "../../../../bridges/slack/failures.ts";
import {
  type ChannelView,
  type PlatformView,
  RELAYS_PLAINLY,
  type Trouble,
  ViewError,
} from "./platform_view.ts";

/** The bot scopes the code needs; slack-app-manifest.json asks for them and for those below. */
export const BOT_SCOPES = [
  "channels:history",
  "channels:read",
  "chat:write",
  "files:read",
  "groups:history",
  "groups:read",
  "usergroups:read",
  "users:read",
] as const;

/** The scope needed only to mirror reactions. */
export const REACTIONS_SCOPE = "reactions:read";

/** The scope needed only to relay messages under their authors' names and pictures. */
export const RELAY_SCOPE = "chat:write.customize";

/** The scope needed only to relay images: without it they are named. */
export const FILES_SCOPE = "files:write";

/** The bot and its app. */
export interface SlackBot {
  readonly name: string;
  readonly team: string;
  /** Scopes that the bridge needs and the token lacks. */
  readonly missingScopes: readonly string[];
  /** Whether Slack sends it no reactions. The rest works without. */
  readonly missesReactions: boolean;
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
    const me = await call("bot", () => this.#web.auth.test());
    const scopes = me.response_metadata?.scopes ?? [];
    const missingScopes = BOT_SCOPES.filter((scope) => !scopes.includes(scope));
    const { bot_id: bot } = me;
    if (bot === undefined) {
      throw new ViewError("SLACK_BOT_TOKEN is a person's token, not the bot's", TOKEN_STEP.bot);
    }
    const info = missingScopes.includes("users:read")
      ? undefined
      : await call("bot", () => this.#web.bots.info({ bot }));
    const appId = info?.bot?.app_id;
    return {
      name: me.user ?? "the bot",
      team: me.team ?? "the workspace",
      missingScopes,
      missesReactions: !scopes.includes(REACTIONS_SCOPE),
      ...(appId === undefined ? {} : { appId }),
    };
  }

  /** Requests the URL of a new socket, without opening it. */
  async socketUrl(appToken: string): Promise<string> {
    const web = client(this.config, appToken);
    const response = await call("app", () => web.apps.connections.open());
    if (response.url === undefined) throw new ViewError("Slack returned no socket URL");
    return response.url;
  }

  async channel(id: string): Promise<ChannelView> {
    try {
      const { channel, response_metadata: meta } = await this.#web.conversations.info({
        channel: id,
      });
      const view = await this.#naming(await this.#viewChannel({ ...channel, id }));
      const relay = meta?.scopes && relayTrouble(meta.scopes);
      return relay ? { ...view, relay } : view;
    } catch (error) {
      return await this.#naming({ id, name: "", troubles: [channelTrouble(error)] });
    }
  }

  /** Says the bot's name where a step has to leave it open. */
  async #naming(view: ChannelView): Promise<ChannelView> {
    if (!view.troubles.some(({ step }) => step.includes(INVITE_UNNAMED))) return view;
    const { user } = await call("bot", () => this.#web.auth.test());
    if (user === undefined) return view;
    const named = view.troubles.map((trouble) => ({
      ...trouble,
      step: trouble.step.replace(INVITE_UNNAMED, `/invite @${user}`),
    }));
    return { ...view, troubles: named };
  }

  async find(text: string): Promise<ChannelView[]> {
    const found: ChannelView[] = [];
    let cursor: string | undefined;
    do {
      const page = await call("bot", () =>
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
    if (!channel.is_member) return { id, name, troubles: [NOT_A_MEMBER] };
    try {
      await this.#web.conversations.history({ channel: id, limit: 1 });
    } catch (error) {
      return { id, name, troubles: [channelTrouble(error)] };
    }
    return { id, name, troubles: [] };
  }
}

/** How to reach Slack as the bot. */
export interface SlackTokens {
  readonly botToken: string;
  readonly apiUrl?: string;
}

const NOT_A_MEMBER = troubleOf(FAILURES.not_in_channel);
const ARCHIVED = troubleOf(FAILURES.is_archived);

/** What a relay to Slack lacks with these scopes. */
function relayTrouble(scopes: readonly string[]): Trouble | undefined {
  const lacking = [RELAY_SCOPE, FILES_SCOPE].filter((scope) => !scopes.includes(scope));
  if (lacking.length === 0) return undefined;
  const named = "the images of messages relayed there are only named";
  const results = lacking.map((scope) => (scope === RELAY_SCOPE ? RELAYS_PLAINLY : named));
  const problem = `the bot lacks the scope ${lacking.join(" and ")}, so ${results.join(", and ")}`;
  return { problem, step: addScopes(lacking.join(" and ")) };
}

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

async function call<T>(token: TokenKind, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw failure(error, token);
  }
}

/** What a refusal about one channel means. Throws `ViewError` if the failure is about the bot as a whole. */
function channelTrouble(error: unknown): Trouble {
  const known = error instanceof WebAPIPlatformError ? failureOf(...codeOf(error)) : undefined;
  if (known?.kind !== "channel") throw failure(error, "bot");
  return troubleOf(known);
}

function troubleOf({ reason, step }: ChannelFailure): Trouble {
  return { problem: reason, step };
}

function failure(error: unknown, token: TokenKind): ViewError {
  if (!(error instanceof WebAPIPlatformError)) {
    return new ViewError(
      "can't reach Slack",
      "Check this machine's connection and SLACK_API_URL, if it is set",
    );
  }
  const [code, needed] = codeOf(error);
  if (code === "missing_scope" && token === "bot" && needed !== undefined) {
    const { problem, step } = channelTrouble(error);
    return new ViewError(problem, step);
  }
  const name = token === "bot" ? "SLACK_BOT_TOKEN" : "SLACK_APP_TOKEN";
  return new ViewError(`Slack does not accept ${name} (${code})`, TOKEN_STEP[token]);
}

/** Slack's error code, and the scopes it reports as missing. */
function codeOf({ data }: WebAPIPlatformError): [code: string, needed: string | undefined] {
  return [codeLike(data.error) ?? "unknown", "needed" in data ? codeLike(data.needed) : undefined];
}

/** A code or a list of scopes in Slack's notation; no other part of an answer is shown. */
function codeLike(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z0-9_.:, ]{1,200}$/i.test(value) ? value : undefined;
}
