import { GatewayOpcodes as Op } from "discord-api-types/v10";
import type { RawData } from "ws";
import { z } from "zod";

const frame = z.object({ op: z.enum(Op), d: z.unknown() });

/** The data of Identify and Resume; only the fields the stand-in reads. */
export const identifyData = z.object({ token: z.string(), intents: z.int() });
export const resumeData = z.object({ token: z.string(), session_id: z.string(), seq: z.int() });

/** Parses a client's frame. */
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
