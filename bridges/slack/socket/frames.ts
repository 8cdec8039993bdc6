import type { SocketModeClient } from "@slack/socket-mode";
import { z } from "zod";

/** The type that an envelope of no known form gets, so that it can be acknowledged. */
export const UNREADABLE = "unreadable";

const frameForm = z.looseObject({ type: z.string() });
const eventForm = z.object({ payload: z.object({ event: z.object({ type: z.string() }) }) });
const envelopeForm = z.object({ envelope_id: z.string().min(1).max(100) });

/**
 * Lets only frames that the client can handle reach it: it throws at `null` and at an event without a payload, which
 * would end the process, and an event of Slack's that is named like one of the client's own, such as "close", would pass
 * for that. `unreadable` is called for a frame without an id to acknowledge.
 */
export function guardFrames(client: SocketModeClient, unreadable: () => void): void {
  const handlers = client.listeners("ws_message");
  client.removeAllListeners("ws_message");
  client.on("ws_message", (data: unknown, isBinary: boolean) => {
    const frame = isBinary ? undefined : readable(data, (name) => client.listenerCount(name) > 0);
    if (frame === undefined) unreadable();
    else for (const handle of handlers) handle(frame, false);
  });
}

/** The frame, or one in its place that has only its id. Undefined if it has none. */
function readable(data: unknown, isReserved: (name: string) => boolean): string | undefined {
  if (typeof data !== "string") return undefined;
  const frame = frameForm.safeParse(parsed(data));
  const type = frame.data?.type;
  if (type === "hello" || type === "disconnect") return data;
  const event = type === "events_api" ? eventForm.safeParse(frame.data) : undefined;
  const name = event === undefined ? type : event.data?.payload.event.type;
  if (name !== undefined && !isReserved(name)) return data;
  const id = envelopeForm.safeParse(frame.data ?? parsed(data));
  return id.success ? JSON.stringify({ type: UNREADABLE, ...id.data }) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
