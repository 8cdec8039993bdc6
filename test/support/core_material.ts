import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import type { BridgeEvent, Delivery, MappingId, MessageEvent } from "../../bridges/platform.ts";
import type { SigningKey } from "../../bridges/core/convex/token.ts";

/* Test data for the bridge's core. */

/** Only Convex can create a branded id, so tests cast a string. */
export const MAPPING = "mapping1" as MappingId;

export function messageEvent(externalId: string, fields: Partial<MessageEvent> = {}): MessageEvent {
  return {
    type: "message",
    mappingId: MAPPING,
    externalId,
    position: externalId.padStart(20, "0"),
    author: { externalId: "U1", workspaceId: "W1" },
    fromApp: false,
    mentionsBot: false,
    content: `text of ${externalId}`,
    mentions: [],
    attachments: [],
    sentAt: 1,
    ...fields,
  };
}

export function deleteEvent(externalId: string): BridgeEvent {
  return { type: "delete", mappingId: MAPPING, externalId };
}

export function deliveryOf(id: string, fields: Partial<Delivery> = {}): Delivery {
  return {
    deliveryId: id as Delivery["deliveryId"],
    generation: 1,
    leaseMs: 60_000,
    op: "create",
    mappingId: MAPPING,
    conversationId: "conversation1" as Delivery["conversationId"],
    messageId: "message1" as Delivery["messageId"],
    channel: "C1",
    content: "one. two. three.",
    posts: [],
    attempts: 1,
    firstClaimedAt: 0,
    ageMs: 0,
    outcomeUnknown: false,
    ...fields,
  };
}

export function newKey(kid = "key-1"): { signing: SigningKey; publicKey: JsonWebKey } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "", d = "" } = privateKey.export({ format: "jwk" });
  return {
    signing: { kty: "EC", crv: "P-256", x, y, d, kid },
    publicKey: publicKey.export({ format: "jwk" }),
  };
}
