import { v } from "convex/values";
import { mutation, query } from "./_generated/server.js";
import { actingPlatform } from "./model/access/caller.ts";
import { claimDelivery, readyDeliveries } from "./model/outbox/claims/claim.ts";
import { aiHealth } from "./model/rows/ai_health.ts";
import { cursorsOf, vAdvance, vCursor } from "./model/rows/cursors.ts";
import { announce, attach, giveUp, vFileFacts, vFileRef } from "./model/files/attach.ts";
import { ingestBatch } from "./model/ingest/ingest.ts";
import { activeMappings, vActiveMapping } from "./model/rows/mappings.ts";
import { recordReport } from "./model/ingest/report.ts";
import { settleAndClaimNext } from "./model/outbox/settle_and_claim.ts";
import { readDraft } from "./model/outbox/streamed_edits.ts";
import { readSnapshot } from "./model/ingest/snapshot.ts";
import { vEvent, vOutcome, vSnapshot } from "./model/ingest/event_validators.ts";
import { vChannelUpdate, vHealth, vPerson, vProblem } from "./model/ingest/report_validators.ts";
import {
  type OutboxAnswer,
  vClaim,
  vClaimer,
  vDraft,
  vOutboxAnswer,
  vOutboxCall,
  vReport,
  vSettled,
} from "./model/outbox/validators.ts";

/*
 * What a bridge process may call. Which platform it acts for is its token's issuer and nothing else; every
 * function refuses other callers.
 */

/** The platform's active mappings: the channels to listen to. Subscribed to; changes only when an admin acts. */
export const mappings = query({
  args: {},
  returns: v.array(vActiveMapping),
  handler: async (ctx) => activeMappings(ctx, await actingPlatform(ctx)),
});

/** Where each active mapping's history is committed up to. Read once per catch-up, never subscribed to. */
export const cursors = query({
  args: {},
  returns: v.array(vCursor),
  handler: async (ctx) => cursorsOf(ctx, await actingPlatform(ctx)),
});

/**
 * What a catch-up compares the platform's history with: the newest messages and posts of a mapping after a position
 * that are not known to be deleted, at most 200 of each, and up to 50 threads begun before `rootsBefore` in which
 * somebody has spoken since `activeSince` (ms since 1970). Asked, never subscribed to.
 */
export const standing = query({
  args: {
    mappingId: v.id("mappings"),
    after: v.string(),
    rootsBefore: v.string(),
    activeSince: v.number(),
  },
  returns: vSnapshot,
  handler: async (ctx, args) => readSnapshot(ctx, await actingPlatform(ctx), args),
});

/**
 * Stores a batch of events, in order; one outcome each. Storing an event twice changes nothing. Known failures
 * are outcomes; a throw means that nothing of the batch was stored.
 */
export const ingest = mutation({
  args: { events: v.array(vEvent), advance: v.array(vAdvance) },
  returns: v.array(vOutcome),
  handler: async (ctx, args) =>
    ingestBatch(ctx, await actingPlatform(ctx), args.events, args.advance),
});

/** Ids of the deliveries that may be claimed right now, at most 100: the head of each lane. A wake-up call. */
export const outbox = query({
  args: {},
  returns: v.array(v.id("deliveries")),
  handler: async (ctx) => readyDeliveries(ctx, await actingPlatform(ctx)),
});

/**
 * Takes a ready delivery for `leaseMs` (60 s), counted from when the call was made, not from its result
 * (docs/races.md#a-lease-is-older-than-its-holder-thinks). `format` is the version of the caller's renderer.
 */
export const claim = mutation({
  args: vClaimer,
  returns: vClaim,
  handler: async (ctx, args) => claimDelivery(ctx, await actingPlatform(ctx), args),
});

/**
 * What is written so far of the answer that a claimed delivery says, and whether its lane waits for something else; null
 * once it is whole or withdrawn. Subscribed to by the bridge that holds the delivery, after it has posted.
 */
export const draft = query({
  args: { draftId: v.id("drafts") },
  returns: vDraft,
  handler: async (ctx, { draftId }) => readDraft(ctx, await actingPlatform(ctx), draftId),
});

/**
 * Reports the outcome of a claimed delivery. Returns whether the caller still holds it. `posted` is a fact and is
 * recorded from any caller, however late; the other kinds count only under the current generation
 * (docs/races.md#a-success-is-reported-late). `next`: when this ends the delivery, the next one of its lane is claimed
 * too, which saves a call. `ai`: whether AI answers fail; a bridge learns it here, without another call.
 */
export const settle = mutation({
  args: vReport,
  returns: vSettled,
  handler: async (ctx, args) => {
    const settled = await settleAndClaimNext(ctx, await actingPlatform(ctx), args);
    const ai = await aiHealth(ctx);
    return { ...settled, ...(ai && { ai }) };
  },
});

/** Several claims and reports of one process in one transaction, in order. A throw means that none of them counts. */
export const exchange = mutation({
  args: { calls: v.array(vOutboxCall) },
  returns: v.array(vOutboxAnswer),
  handler: async (ctx, { calls }) => {
    const platform = await actingPlatform(ctx);
    const ai = await aiHealth(ctx);
    const answers: OutboxAnswer[] = [];
    for (const { kind, args } of calls) {
      if (kind === "claim") {
        answers.push({ kind, answer: await claimDelivery(ctx, platform, args) });
      } else {
        const settled = await settleAndClaimNext(ctx, platform, args);
        answers.push({ kind, answer: { ...settled, ...(ai && { ai }) } });
      }
    }
    return answers;
  },
});

/**
 * Asks for an address to which the bytes of a message's file are uploaded: one POST within an hour, with `uploadType(type)`
 * as its Content-Type. Null if the file is not wanted: its message or attachment is unknown or gone, it is held already,
 * `size` (bytes) or `type` is not what the mapping holds. `sha256` in hex.
 */
export const announceFile = mutation({
  args: { ...vFileRef, ...vFileFacts },
  returns: v.union(v.string(), v.null()),
  handler: async (ctx, args) => announce(ctx, await actingPlatform(ctx), args),
});

/** Records an uploaded file, once; deletes the blob if its message or attachment is gone or has another. */
export const attachFile = mutation({
  args: { ...vFileRef, ...vFileFacts, storageId: v.id("_storage") },
  returns: v.union(v.literal("held"), v.literal("dropped")),
  handler: async (ctx, args) => attach(ctx, await actingPlatform(ctx), args),
});

/** Records that a message's file can't be had, for now: nothing waits for it. */
export const fileUnavailable = mutation({
  args: vFileRef,
  returns: v.null(),
  handler: async (ctx, args) => giveUp(ctx, await actingPlatform(ctx), args),
});

/** Stores what a bridge learned besides messages: names of people and channels, problems, the health of mappings. */
export const report = mutation({
  args: {
    people: v.array(vPerson),
    problems: v.array(vProblem),
    health: v.array(vHealth),
    channels: v.optional(v.array(vChannelUpdate)),
  },
  returns: v.null(),
  handler: async (ctx, args) => recordReport(ctx, await actingPlatform(ctx), args),
});
