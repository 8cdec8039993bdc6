import type { SocketMode } from "../socket/socket_mode.ts";
import type { AppIdentity } from "../socket/events.ts";
import { type Params, textParam } from "./params.ts";
import type { PostLimiter } from "./post_limit.ts";
import { SlackRefusal } from "./refusal.ts";
import type { Channel, Member, Message, Workspace } from "../workspace/workspace.ts";
import type { Wire } from "../../wire.ts";

/** The state that the Web API methods work on. */
export interface Backend {
  readonly workspace: Workspace;
  readonly app: AppIdentity;
  readonly bot: Member;
  readonly botToken: string;
  readonly appToken: string;
  /** The bot token's scopes. */
  readonly scopes: readonly string[];
  /** Whether a name or picture without the scope for it is left out instead of refused. */
  readonly ignoresPersonas: boolean;
  /** The most messages in a page of history. */
  readonly historyPage: number;
  readonly postLimiter: PostLimiter;
  /** Of the whole workspace. */
  readonly updateLimiter: PostLimiter;
  readonly socketMode: SocketMode;
  /** The address of Socket Mode without a ticket. Known once the server listens. */
  readonly socketUrl: () => string;
  readonly wire: Wire;
  /** ms since 1970. */
  readonly now: () => number;
  /** Called with every message the bot posts. */
  readonly posted: (channel: Channel, message: Message, params: Params) => void;
}

export interface Method {
  readonly token: "bot" | "app";
  /** The implemented arguments. Any other is refused and recorded, because Slack would act on it. */
  readonly params: readonly string[];
  /** Returns the fields of the answer besides `ok`. Throws `SlackRefusal`. */
  readonly run: (backend: Backend, params: Params) => Record<string, unknown>;
}

export function needScope({ scopes }: Backend, needed: string): void {
  if (!scopes.includes(needed)) {
    throw new SlackRefusal("missing_scope", { needed, provided: scopes.join(",") });
  }
}

/** The channel that an argument names. A private channel without the bot does not exist for it. */
export function channelOf({ workspace }: Backend, params: Params): Channel {
  const channel = workspace.channels.get(textParam(params, "channel") ?? "");
  if (!channel || (channel.isPrivate && !channel.botIsMember)) {
    throw new SlackRefusal("channel_not_found");
  }
  return channel;
}

export function scopeFor(channel: Channel, what: "history" | "read"): string {
  return `${channel.isPrivate ? "groups" : "channels"}:${what}`;
}
