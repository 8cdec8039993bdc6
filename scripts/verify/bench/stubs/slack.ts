import { type WebSocket, WebSocketServer } from "ws";
import { answerJson, listenOn, textOf } from "./listen.ts";
import { makeHistory, EMPTY_HISTORY, type History } from "./history.ts";

export const SLACK_CHANNEL = "C0BENCH0001";

/** How many times a minute an app may call users.info (https://docs.slack.dev/apis/web-api/rate-limits, tier 4). */
const NAMES_A_MINUTE = 100;
const MINUTE_MS = 60_000;

export interface SlackStub {
  readonly env: Readonly<Record<string, string>>;
  /** The envelope of a new message by one of many people. */
  frame(channel: string, person: number): string;
  send(frame: string): void;
  /** Fills the channel's history with messages by many people, without sending events. */
  setHistory(messages: number, perPage: number): void;
  /** The number of requests for a page of the history since then. */
  pages(): number;
  /** Called when the request of a post arrives. `at`: `performance.now()`. */
  onPost: (at: number) => void;
  stop(): Promise<void>;
}

/**
 * Starts a stub of Slack's Socket Mode and the Web API methods that a bridge needs. It answers at once and stores
 * nothing. `users.info` has Slack's rate limit: without it, the bridge would spend its time on names.
 */
export async function startSlackStub(): Promise<SlackStub> {
  let sequence = 0;
  let history: History<ReturnType<typeof messageOf>> = { ...EMPTY_HISTORY };
  const open: WebSocket[] = [];
  let next = 0;
  const names = new Allowance(NAMES_A_MINUTE, MINUTE_MS);
  const server = await listenOn(async (request, response) => {
    const method = request.url?.replace(/^\/api\//, "").replace(/\?.*/, "") ?? "";
    if (method === "chat.postMessage") stub.onPost(performance.now());
    if (method === "users.info" && !names.take()) {
      const headers = { "retry-after": String(Math.ceil(names.waitMs() / 1000)) };
      answerJson(request, response, { ok: false, error: "ratelimited" }, { status: 429, headers });
      return;
    }
    if (method === "conversations.history") {
      history.pages += 1;
      const page = pageOf(history, new URLSearchParams(await textOf(request)));
      answerJson(request, response, { ok: true, ...page });
      return;
    }
    answerJson(request, response, { ok: true, ...answerOf(method) });
  });
  const gateway = new WebSocketServer({ server: server.server });
  const base = `127.0.0.1:${server.port}`;

  const answerOf = (method: string): object => {
    switch (method) {
      case "auth.test":
        return { user_id: "U0BOT", bot_id: "B0BOT", team_id: "T0BENCH", user: "bridge" };
      case "apps.connections.open":
        return { url: `ws://${base}/socket` };
      case "chat.postMessage":
        return { ts: tsOf(++sequence) };
      case "users.info":
        return { user: { profile: { display_name: "Somebody" } } };
      case "conversations.replies":
        return { messages: [], has_more: false };
      default:
        return {};
    }
  };

  gateway.on("connection", (ws) => {
    open.push(ws);
    ws.on("error", () => ws.terminate());
    ws.on("close", () => open.splice(open.indexOf(ws), 1));
    const ping = setInterval(() => ws.ping(), 5_000);
    ws.on("close", () => clearInterval(ping));
    ws.send(
      JSON.stringify({ type: "hello", num_connections: 1, connection_info: { app_id: "A0" } }),
    );
  });

  const stub: SlackStub = {
    env: {
      SLACK_BOT_TOKEN: "xoxb-bench",
      SLACK_APP_TOKEN: "xapp-bench",
      SLACK_API_URL: `http://${base}/api/`,
    },
    frame: (channel, person) => envelopeOf(++sequence, channel, person),
    send(frame) {
      open[next++ % Math.max(1, open.length)]?.send(frame);
    },
    setHistory(messages, perPage) {
      history = makeHistory(messages, perPage, (n, at) =>
        messageOf(n, SLACK_CHANNEL, n % 1_000, tsOf(n, at)),
      );
    },
    pages: () => history.pages,
    onPost: () => undefined,
    async stop() {
      for (const ws of gateway.clients) ws.terminate();
      await server.close();
    },
  };
  return stub;
}

/** A rate limit of `most` uses in a window that starts with the first use. */
class Allowance {
  #since = -Infinity;
  #used = 0;

  constructor(
    private readonly most: number,
    private readonly windowMs: number,
  ) {}

  take(): boolean {
    if (this.waitMs() <= 0) {
      this.#since = performance.now();
      this.#used = 0;
    }
    this.#used += 1;
    return this.#used <= this.most;
  }

  /** The time until the window ends, in ms. */
  waitMs(): number {
    return this.#since + this.windowMs - performance.now();
  }
}

/** A Slack timestamp within a given second. `n` makes it unique. */
function tsOf(n: number, at = Date.now()): string {
  return `${Math.floor(at / 1000)}.${(n % 1_000_000).toString().padStart(6, "0")}`;
}

/** A page of the messages in a range, newest first, with the cursor of the next page. */
function pageOf<Message extends { readonly ts: string }>(
  { messages, perPage }: History<Message>,
  range: URLSearchParams,
) {
  const oldest = range.get("oldest") ?? "0";
  const latest = range.get("latest") ?? "9";
  const found = messages.filter(({ ts }) => ts > oldest && ts < latest).reverse();
  const start = Number(range.get("cursor") ?? 0);
  const end = start + Math.min(Number(range.get("limit") ?? 100), perPage);
  const hasMore = end < found.length;
  return {
    messages: found.slice(start, end),
    has_more: hasMore,
    response_metadata: { next_cursor: hasMore ? String(end) : "" },
  };
}

function messageOf(n: number, channel: string, person: number, ts: string) {
  return {
    type: "message",
    channel,
    channel_type: "channel",
    user: `U${person.toString(36).toUpperCase().padStart(8, "0")}`,
    team: "T0BENCH",
    text: `Message ${n}: does anybody know why the build on the second machine is slower today?`,
    ts,
    event_ts: ts,
    client_msg_id: `00000000-0000-4000-8000-${n.toString().padStart(12, "0")}`,
  };
}

function envelopeOf(n: number, channel: string, person: number): string {
  const event = messageOf(n, channel, person, tsOf(n));
  return JSON.stringify({
    envelope_id: `envelope-${n}`,
    type: "events_api",
    accepts_response_payload: false,
    retry_attempt: 0,
    retry_reason: "",
    payload: {
      type: "event_callback",
      token: "none",
      team_id: "T0BENCH",
      api_app_id: "A0",
      event_id: `Ev${n}`,
      event_time: Math.floor(Date.now() / 1000),
      authorizations: [{ team_id: "T0BENCH", user_id: "U0BOT", is_bot: true }],
      event,
    },
  });
}
