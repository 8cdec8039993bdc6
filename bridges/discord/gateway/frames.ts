import { GatewayDispatchEvents, GatewayOpcodes } from "discord-api-types/v10";
import { fields, type Fields, number, text } from "../inbound/fields.ts";

/**
 * Parses a gateway frame. Null for one that the client library would fail on: it reads the fields of these frames
 * without looking whether they are there. Unknown opcodes and dispatches are left to it, which ignores them.
 * https://discord.com/developers/docs/events/gateway-events#payload-structure
 */
export function readFrame(data: unknown): Fields | null {
  const frame = typeof data === "string" ? parse(data) : undefined;
  if (frame === undefined) return null;
  switch (frame.op) {
    case GatewayOpcodes.Dispatch:
      return isDispatch(frame) ? frame : null;
    case GatewayOpcodes.Hello: {
      const interval = number(fields(frame.d)?.heartbeat_interval);
      return interval !== undefined && interval > 0 ? frame : null;
    }
    case GatewayOpcodes.InvalidSession:
      return { ...frame, d: frame.d === true };
    default:
      return frame;
  }
}

function parse(data: string): Fields | undefined {
  try {
    return fields(JSON.parse(data));
  } catch {
    return undefined;
  }
}

function isDispatch({ t, s, d }: Fields): boolean {
  if (text(t) === undefined || number(s) === undefined) return false;
  if (t !== GatewayDispatchEvents.Ready) return true;
  const ready = fields(d);
  return text(ready?.session_id) !== undefined && text(ready?.resume_gateway_url) !== undefined;
}
