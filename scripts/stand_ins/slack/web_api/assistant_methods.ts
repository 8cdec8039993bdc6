import { type Method, needScope } from "./method.ts";
import { textParam } from "./params.ts";
import { SlackRefusal } from "./refusal.ts";

/** In ms. Then a status ends by itself. */
const STATUS_MS = 2 * 60_000;

/** docs.slack.dev/reference/methods/assistant.threads.setStatus */
const setStatus: Method = {
  token: "bot",
  params: ["channel_id", "thread_ts", "status"],
  run: (backend, params) => {
    needScope(backend, "chat:write");
    const channel = backend.workspace.channels.get(textParam(params, "channel_id") ?? "");
    if (!channel?.botIsMember) throw new SlackRefusal("channel_not_found");
    const threadTs = textParam(params, "thread_ts") ?? "";
    if (!channel.messages.has(threadTs)) throw new SlackRefusal("invalid_thread_ts");
    const status = textParam(params, "status");
    if (status === undefined) throw new SlackRefusal("invalid_arguments");
    if (status === "") channel.statuses.delete(threadTs);
    else channel.statuses.set(threadTs, { status, until: backend.now() + STATUS_MS });
    return {};
  },
};

export const assistantMethods: Readonly<Record<string, Method>> = {
  "assistant.threads.setStatus": setStatus,
};
