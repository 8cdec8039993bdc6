import { type WebSocket, WebSocketServer } from "ws";
import { answerJson, listenOn } from "./listen.ts";

export const SLACK_CHANNEL = "C0BENCH0001";

export interface SlackStub {
  readonly env: Readonly<Record<string, string>>;
  /** A message by one of many people, as the envelope that tells of it. */
  frame(channel: string, person: number): string;
  send(frame: string): void;
  /** Envelopes acknowledged so far. */
  acks(): number;
  /** Hears of every post as its request arrives; `at`: `performance.now()`. */
  onPost: (at: number) => void;
  stop(): Promise<void>;
}

/** Slack's Socket Mode and as much of its Web API as a bridge needs, answering at once and keeping nothing. */
export async function startSlackStub(): Promise<SlackStub> {
  let sequence = 0;
  let acks = 0;
  const open: WebSocket[] = [];
  let next = 0;
  const server = await listenOn((request, response) => {
    const method = request.url?.replace(/^\/api\//, "").replace(/\?.*/, "") ?? "";
    if (method === "chat.postMessage") stub.onPost(performance.now());
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
      case "conversations.history":
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
    ws.on("message", () => {
      acks += 1;
    });
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
    acks: () => acks,
    onPost: () => undefined,
    async stop() {
      for (const ws of gateway.clients) ws.terminate();
      await server.close();
    },
  };
  return stub;
}

/** A Slack timestamp of this second, unique by `n`. */
function tsOf(n: number): string {
  return `${Math.floor(Date.now() / 1000)}.${(n % 1_000_000).toString().padStart(6, "0")}`;
}

function envelopeOf(n: number, channel: string, person: number): string {
  const ts = tsOf(n);
  const event = {
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
