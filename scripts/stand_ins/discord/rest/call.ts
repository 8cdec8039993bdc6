import { RESTJSONErrorCodes as Code } from "discord-api-types/v10";
import type { Backend } from "../backend.ts";
import type { Uploaded } from "../cdn/uploads.ts";
import type { Channel } from "../world/model.ts";
import { refuse } from "./refusals.ts";
import { isDenied } from "../world/world.ts";

/** One parsed request. `ids` are the variable parts of its path, in order. */
export interface Call {
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  /** The JSON, also of a multipart request. */
  readonly body: unknown;
  readonly files: readonly Uploaded[];
}
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}
export type Handler = (backend: Backend, call: Call) => Reply;

export const ok = (body: unknown): Reply => ({ status: 200, body });

/** The channel or thread of a call. Throws if the bot may not view it. */
export function channelOf({ world }: Backend, call: Call): Channel {
  const channel = world.find(call.ids[0] ?? "");
  if (!channel) throw refuse(Code.UnknownChannel);
  if (isDenied(channel, "view") || world.presence === "out") throw refuse(Code.MissingAccess);
  return channel;
}
