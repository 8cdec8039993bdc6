import { messageJson } from "../socket/events.ts";
import { type Backend, channelOf, type Method, needScope, scopeFor } from "./method.ts";
import { flagParam, limitParam, type Params, textParam } from "./params.ts";
import { SlackRefusal } from "./refusal.ts";
import { microsOf, tsOf } from "../workspace/ts.ts";
import type { Channel, Message } from "../workspace/workspace.ts";

const RANGE = [
  "channel",
  "cursor",
  "limit",
  "oldest",
  "latest",
  "inclusive",
  "include_all_metadata",
];

/**
 * Newest first: the messages of the channel itself, with only those thread replies that were also sent to it.
 * docs.slack.dev/reference/methods/conversations.history
 */
const history: Method = {
  token: "bot",
  params: RANGE,
  run: (backend, params) => {
    const channel = readableChannel(backend, params);
    const inRange = rangeOf(params);
    const before = cursorOf(params, "next_ts");
    const messages = [...channel.messages.values()]
      .reverse()
      .filter((message) => message.threadTs === undefined || message.broadcast)
      .filter(({ ts }) => inRange(ts) && (before === undefined || micros(ts) <= before));
    return { ...page(backend, params, channel, messages, 100), pin_count: 0 };
  },
};

/** The root, then its replies, oldest first. docs.slack.dev/reference/methods/conversations.replies */
const replies: Method = {
  token: "bot",
  params: [...RANGE, "ts"],
  run: (backend, params) => {
    const channel = readableChannel(backend, params);
    const root = channel.messages.get(textParam(params, "ts") ?? "");
    if (!root) throw new SlackRefusal("thread_not_found");
    const inRange = rangeOf(params);
    const from = cursorOf(params, "next_ts");
    const below = (channel.replies.get(root.ts) ?? [])
      .flatMap((ts) => channel.messages.get(ts) ?? [])
      .filter(({ ts }) => inRange(ts) && (from === undefined || micros(ts) >= from));
    // The first page starts with the root, even when it is outside the requested range.
    return page(backend, params, channel, from === undefined ? [root, ...below] : below, 1000);
  },
};

const info: Method = {
  token: "bot",
  params: ["channel", "include_locale", "include_num_members"],
  run: (backend, params) => {
    const channel = channelOf(backend, params);
    needScope(backend, scopeFor(channel, "read"));
    return { channel: channelJson(backend, channel) };
  },
};

/** docs.slack.dev/reference/methods/conversations.list */
const list: Method = {
  token: "bot",
  params: ["types", "exclude_archived", "limit", "cursor"],
  run: (backend, params) => {
    const types = (textParam(params, "types") ?? "public_channel").split(",");
    if (types.includes("public_channel")) needScope(backend, "channels:read");
    if (types.includes("private_channel")) needScope(backend, "groups:read");
    const visible = [...backend.workspace.channels.values()].filter(
      (channel) =>
        types.includes(channel.isPrivate ? "private_channel" : "public_channel") &&
        (!channel.isPrivate || channel.botIsMember) &&
        !(channel.archived && flagParam(params, "exclude_archived")),
    );
    const start = cursorOf(params, "offset") ?? 0;
    const end = start + limitParam(params, 100, 999);
    return {
      channels: visible.slice(start, end).map((channel) => channelJson(backend, channel)),
      response_metadata: { next_cursor: end < visible.length ? cursor("offset", end) : "" },
    };
  },
};

export const conversationMethods: Readonly<Record<string, Method>> = {
  "conversations.history": history,
  "conversations.replies": replies,
  "conversations.info": info,
  "conversations.list": list,
};

function readableChannel(backend: Backend, params: Params): Channel {
  const channel = channelOf(backend, params);
  needScope(backend, scopeFor(channel, "history"));
  if (!channel.botIsMember) throw new SlackRefusal("not_in_channel");
  return channel;
}

function rangeOf(params: Params): (ts: string) => boolean {
  const bound = (name: "oldest" | "latest") => {
    const text = textParam(params, name);
    if (text === undefined || text === "" || text === "now") return undefined;
    const value = microsOf(text);
    if (value === undefined) throw new SlackRefusal(`invalid_ts_${name}`);
    return value;
  };
  const oldest = bound("oldest") ?? -Infinity;
  const latest = bound("latest") ?? Infinity;
  const inclusive = flagParam(params, "inclusive");
  return (ts) => {
    const at = micros(ts);
    return inclusive ? at >= oldest && at <= latest : at > oldest && at < latest;
  };
}

function page(
  { app, historyPage, scopes }: Backend,
  params: Params,
  channel: Channel,
  messages: readonly Message[],
  fallback: number,
): Record<string, unknown> {
  const asked = limitParam(params, fallback, fallback === 100 ? 999 : 1000);
  const limit = Math.min(asked, historyPage);
  const withMetadata = flagParam(params, "include_all_metadata");
  const withReactions = scopes.includes("reactions:read");
  const next = messages[limit];
  return {
    messages: messages
      .slice(0, limit)
      .map((message) => messageJson(message, app.teamId, { withMetadata, withReactions, channel })),
    has_more: next !== undefined,
    ...(next && { response_metadata: { next_cursor: cursor("next_ts", micros(next.ts)) } }),
  };
}

/** Slack's cursors are base64 of such a pair, and opaque to clients. */
function cursor(name: string, value: number): string {
  return Buffer.from(`${name}:${value}`).toString("base64");
}

function cursorOf(params: Params, name: string): number | undefined {
  const text = textParam(params, "cursor");
  if (text === undefined || text === "") return undefined;
  const match = /^(\w+):(\d+)$/.exec(Buffer.from(text, "base64").toString("utf8"));
  if (match?.[1] !== name) throw new SlackRefusal("invalid_cursor");
  return Number(match[2]);
}

/** The microseconds of a ts that the workspace issued. */
function micros(ts: string): number {
  return microsOf(ts) ?? Number.NaN;
}

function channelJson({ app, workspace }: Backend, channel: Channel): Record<string, unknown> {
  const latest = [...channel.messages.keys()].at(-1) ?? tsOf(0);
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.isPrivate,
    is_group: channel.isPrivate,
    is_im: false,
    is_mpim: false,
    is_private: channel.isPrivate,
    is_archived: channel.archived,
    is_member: channel.botIsMember,
    is_general: false,
    context_team_id: app.teamId,
    num_members: workspace.members.size,
    updated: Math.floor((microsOf(latest) ?? 0) / 1000),
  };
}
