import { type WebSocket, WebSocketServer } from "ws";
import { answerJson, listenOn } from "./listen.ts";
import { DISCORD_EPOCH } from "../../../stand_ins/discord/world/snowflakes.ts";
import { makeHistory, EMPTY_HISTORY, type History } from "./history.ts";

const GUILD = "100000000000000001";
const BOT = { id: "100000000000000002", username: "bridge", discriminator: "0", avatar: null };

export const DISCORD_CHANNEL = "100000000000000010";

export interface DiscordStub {
  readonly env: Readonly<Record<string, string>>;
  /** The gateway frame of a new message by one of many people. */
  frame(channel: string, person: number): string;
  send(frame: string): void;
  /** Bytes that the socket has not sent yet. */
  backlog(): number;
  /** Fills the channel's history with messages by many people, without sending events. */
  setHistory(messages: number, perPage: number): void;
  /** The number of requests for a page of the history since then. */
  pages(): number;
  /** Called when the request of a post arrives. `at`: `performance.now()`. */
  onPost: (at: number) => void;
  stop(): Promise<void>;
}

/** Starts a stub of Discord's gateway and the REST routes that a bridge needs. It answers at once and stores nothing. */
export async function startDiscordStub(channels = [DISCORD_CHANNEL]): Promise<DiscordStub> {
  let sequence = 0;
  let socket: WebSocket | undefined;
  let history: History<ReturnType<typeof messageOf>> = { ...EMPTY_HISTORY };
  const server = await listenOn((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://stub");
    const path = pathname.replace(/^\/api\/v10/, "");
    const answer = (body: unknown) => answerJson(request, response, body);
    if (path === "/gateway/bot") {
      const limit = { total: 1000, remaining: 999, reset_after: 1, max_concurrency: 1 };
      return answer({ url: gatewayUrl, shards: 1, session_start_limit: limit });
    }
    if (request.method === "POST" && path.endsWith("/messages")) {
      stub.onPost(performance.now());
      return answer({ id: snowflake(++sequence) });
    }
    if (path === `/channels/${DISCORD_CHANNEL}/messages`) {
      history.pages += 1;
      return answer(pageOf(history, searchParams));
    }
    if (path.endsWith("/messages")) return answer([]);
    const newest = history.messages.at(-1)?.id ?? null;
    if (path === `/guilds/${GUILD}/channels`)
      return answer(channels.map((id) => channelOf(id, newest)));
    if (path.includes("/threads")) return answer({ threads: [], members: [], has_more: false });
    const [, channel] = /^\/channels\/(\d+)$/.exec(path) ?? [];
    if (channel !== undefined) return answer(channelOf(channel, newest));
    request.resume();
    response.writeHead(404, { "content-type": "application/json" }).end('{"code":0}');
  });
  const gatewayUrl = `ws://127.0.0.1:${server.port}`;
  const gateway = new WebSocketServer({ server: server.server });

  gateway.on("connection", (ws) => {
    const send = (frame: object) => ws.send(JSON.stringify(frame));
    const dispatch = (t: string, d: unknown) => send({ op: 0, s: ++sequence, t, d });
    ws.on("error", () => ws.terminate());
    ws.on("message", (data) => {
      // Sent by discord.js; only `op` matters here.
      const { op } = JSON.parse(Buffer.isBuffer(data) ? data.toString() : "{}") as { op?: number };
      if (op === 1) send({ op: 11 });
      if (op !== 2) return;
      socket = ws;
      dispatch("READY", {
        v: 10,
        user: { ...BOT, bot: true },
        guilds: [{ id: GUILD, unavailable: true }],
        session_id: "session",
        resume_gateway_url: gatewayUrl,
        application: { id: BOT.id, flags: 1 << 19 },
      });
      dispatch("GUILD_CREATE", guildOf(channels));
    });
    send({ op: 10, d: { heartbeat_interval: 41_250 } });
  });

  const stub: DiscordStub = {
    env: {
      DISCORD_BOT_TOKEN: "bench.bot.token",
      DISCORD_API_URL: `http://127.0.0.1:${server.port}/api`,
    },
    frame(channel, person) {
      const n = ++sequence;
      return JSON.stringify({ op: 0, s: n, t: "MESSAGE_CREATE", d: messageOf(n, channel, person) });
    },
    send: (frame) => socket?.send(frame),
    backlog: () => socket?.bufferedAmount ?? 0,
    setHistory(messages, perPage) {
      const messageAt = (n: number, at: number) => messageOf(n, DISCORD_CHANNEL, n % 1_000, at);
      history = makeHistory(messages, perPage, messageAt);
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

/** An id for a time. `n` distinguishes ids within one millisecond. */
export function snowflake(n: number, at = Date.now()): string {
  return ((BigInt(at - DISCORD_EPOCH) << 22n) + BigInt(n % (1 << 22))).toString();
}

/** The messages after an id, newest first, as Discord returns them. */
function pageOf<Message extends { readonly id: string }>(
  { messages, perPage }: History<Message>,
  range: URLSearchParams,
): Message[] {
  const after = BigInt(range.get("after") ?? 0);
  const first = messages.findIndex(({ id }) => BigInt(id) > after);
  if (first < 0) return [];
  return messages
    .slice(first, first + Math.min(Number(range.get("limit") ?? 50), perPage))
    .reverse();
}

function messageOf(n: number, channel: string, person: number, at = Date.now()) {
  const timestamp = new Date(at).toISOString();
  return {
    id: snowflake(n, at),
    type: 0,
    channel_id: channel,
    channel_type: 0,
    guild_id: GUILD,
    author: {
      id: (200000000000000000n + BigInt(person)).toString(),
      username: `person${person}`,
      global_name: `Person ${person}`,
      discriminator: "0",
      avatar: null,
    },
    member: {
      nick: null,
      avatar: null,
      roles: [],
      joined_at: timestamp,
      premium_since: null,
      pending: false,
      deaf: false,
      mute: false,
      flags: 0,
      communication_disabled_until: null,
    },
    content: `Message ${n}: does anybody know why the build on the second machine is slower today?`,
    timestamp,
    edited_timestamp: null,
    tts: false,
    pinned: false,
    mention_everyone: false,
    mention_roles: [],
    mentions: [],
    attachments: [],
    embeds: [],
    components: [],
    flags: 0,
  };
}

function channelOf(id: string, newest: string | null = null) {
  return {
    id,
    type: 0,
    name: `channel-${id.slice(-4)}`,
    guild_id: GUILD,
    position: 0,
    permission_overwrites: [],
    parent_id: null,
    topic: null,
    nsfw: false,
    rate_limit_per_user: 0,
    last_message_id: newest,
  };
}

function guildOf(channels: readonly string[]) {
  return {
    id: GUILD,
    name: "bench",
    owner_id: BOT.id,
    joined_at: new Date().toISOString(),
    large: false,
    member_count: 2,
    roles: [{ id: GUILD, name: "@everyone", permissions: "2248473465835073", position: 0 }],
    emojis: [],
    stickers: [],
    features: [],
    members: [{ user: { ...BOT, bot: true }, roles: [], joined_at: new Date().toISOString() }],
    channels: channels.map((id) => channelOf(id)),
    threads: [],
    voice_states: [],
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
  };
}
