import { GatewayOpcodes as Op } from "discord-api-types/v10";
import type { RawData } from "ws";
import { z } from "zod";

const frame = z.object({ op: z.enum(Op), d: z.unknown() });

/** What a client sends first, or when it comes back. Only the fields the stand-in looks at. */
export const identifyData = z.object({ token: z.string(), intents: z.int() });
export const resumeData = z.object({ token: z.string(), session_id: z.string(), seq: z.int() });

/** A client's frame, by its schema. */
export function readFrame(data: RawData): ReturnType<typeof frame.safeParse> {
  return frame.safeParse(parse(data));
}

function parse(data: RawData): unknown {
  const bytes = Array.isArray(data)
    ? Buffer.concat(data)
    : data instanceof ArrayBuffer
      ? Buffer.from(data)
      : data;
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
