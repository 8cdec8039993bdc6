import type { SocketMode } from "../socket/socket_mode.ts";
import type { AppIdentity } from "../socket/events.ts";
import { type Params, textParam } from "./params.ts";
import { SlackRefusal } from "./refusal.ts";
import type { Channel, Member, Message, Workspace } from "../workspace/workspace.ts";
import type { Wire } from "../../wire.ts";

/** What the Web API acts on. */
export interface Backend {
  readonly workspace: Workspace;
  readonly app: AppIdentity;
  readonly bot: Member;
  readonly botToken: string;
  readonly appToken: string;
  /** The bot token's scopes. */
  readonly scopes: readonly string[];
  /** Messages a page of history holds at the most. */
  readonly historyPage: number;
  readonly socketMode: SocketMode;
  /** Where sockets connect to, without a ticket. Known once the port is. */
  readonly socketUrl: () => string;
  readonly wire: Wire;
  /** Told of every message the bot posted. */
  readonly posted: (channel: Channel, message: Message, params: Params) => void;
}

export interface Method {
  readonly token: "bot" | "app";
  /** The arguments it knows. Any other is refused loudly: the real one would act on it. */
  readonly params: readonly string[];
  /** The answer besides `ok`. Throws `SlackRefusal`. */
  readonly run: (backend: Backend, params: Params) => Record<string, unknown>;
}

export function needScope({ scopes }: Backend, needed: string): void {
  if (!scopes.includes(needed)) {
    throw new SlackRefusal("missing_scope", { needed, provided: scopes.join(",") });
  }
}

/** The channel an argument names. A private one the bot is not in does not exist for it. */
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
