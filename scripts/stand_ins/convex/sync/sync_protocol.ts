import type { JSONValue } from "convex/values";
import { z } from "zod";

/*
 * The WebSocket protocol of Convex's stock clients. Their side is src/browser/sync/protocol.ts in the convex package.
 */

export const vJson: z.ZodType<JSONValue> = z.lazy(() => z.json());

const vCall = { requestId: z.number(), udfPath: z.string(), args: z.array(vJson).max(1) };

const vModification = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("Add"),
    queryId: z.number(),
    udfPath: z.string(),
    args: z.array(vJson).max(1),
  }),
  z.object({ type: z.literal("Remove"), queryId: z.number() }),
]);

export const vClientMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("Connect"), sessionId: z.string() }),
  z.discriminatedUnion("tokenType", [
    z.object({
      type: z.literal("Authenticate"),
      tokenType: z.literal("User"),
      value: z.string(),
      baseVersion: z.number(),
    }),
    z.object({
      type: z.literal("Authenticate"),
      tokenType: z.literal("None"),
      baseVersion: z.number(),
    }),
  ]),
  z.object({
    type: z.literal("ModifyQuerySet"),
    baseVersion: z.number(),
    newVersion: z.number(),
    modifications: z.array(vModification),
  }),
  z.object({ type: z.literal("Mutation"), ...vCall }),
  z.object({ type: z.literal("Action"), ...vCall }),
  z.object({ type: z.literal("Event") }),
]);
export type ClientMessage = z.infer<typeof vClientMessage>;

interface StateVersion {
  readonly querySet: number;
  readonly identity: number;
  /** See `encodeTs`. */
  readonly ts: string;
}

export type StateModification =
  | {
      readonly type: "QueryUpdated";
      readonly queryId: number;
      readonly value: JSONValue;
      readonly logLines: [];
      readonly journal: null;
    }
  | {
      readonly type: "QueryFailed";
      readonly queryId: number;
      readonly errorMessage: string;
      readonly errorData?: JSONValue;
      readonly logLines: [];
      readonly journal: null;
    }
  | { readonly type: "QueryRemoved"; readonly queryId: number };

type Response =
  | { readonly success: true; readonly result: JSONValue; readonly ts?: string }
  | { readonly success: false; readonly result: string; readonly errorData?: JSONValue };

export type ServerMessage =
  | {
      readonly type: "Transition";
      readonly startVersion: StateVersion;
      readonly endVersion: StateVersion;
      readonly modifications: readonly StateModification[];
    }
  | ({
      readonly type: "MutationResponse" | "ActionResponse";
      readonly requestId: number;
      readonly logLines: [];
    } & Response)
  | {
      readonly type: "AuthError";
      readonly error: string;
      readonly baseVersion: number;
      readonly authUpdateAttempted: boolean;
    }
  | { readonly type: "FatalError"; readonly error: string }
  | { readonly type: "Ping" };

/** A timestamp as it goes over the wire: 64 bits, little-endian, base64. */
export function encodeTs(ts: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(ts);
  return bytes.toString("base64");
}
