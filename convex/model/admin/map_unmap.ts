import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { restartCursor } from "../rows/cursors.ts";
import { cancelDeliveries, holdReady, releaseDeliveries } from "../outbox/mapping_deliveries.ts";
import {
  findMapping,
  mappingRow,
  type MappingRow,
  mappingsIn,
  MOST_MAPPINGS,
} from "../rows/mappings.ts";
import { positionAt } from "../shared/positions.ts";
import { RELAY_OF_APPS_STOPPED } from "../relay/app_flood.ts";
import { resolveProblem } from "../rows/problems.ts";
import { resolveAllOf } from "../ingest/problems.ts";
import { isBeingPurged, schedulePurge } from "./purge.ts";
import { refusal } from "../shared/refusal.ts";
import { cut } from "../shared/text.ts";
import type { FilesHeld, Platform, ReplyIn, Trigger } from "../shared/validators.ts";

/** Messages from before a mapping that can be backfilled. */
const MOST_HISTORY = 1_000;

/** Days for which a mapping may keep messages; longer is for ever. */
const MOST_DAYS = 3_650;

/** What a channel id looks like. Discord: a snowflake. Slack: C or G, then capitals and digits. */
const ID_FORM: Record<Platform, RegExp> = {
  discord: /^\d{17,20}$/,
  slack: /^[CG][A-Z0-9]{8,}$/,
};

interface MapRequest {
  readonly platform: Platform;
  readonly externalId: string;
  readonly externalName?: string;
  readonly to?: string;
  readonly adopt?: string;
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  readonly instructions?: string;
  readonly model?: string;
  readonly history?: number;
  readonly keepDays?: number;
  readonly relay?: boolean;
  readonly relayApps?: boolean;
  readonly files?: FilesHeld;
  readonly stream?: boolean;
}

/** See `admin.map`. */
export async function mapChannel(ctx: MutationCtx, request: MapRequest) {
  const { platform, externalId, history } = request;
  checkRequest(request);
  const existing = await findMapping(ctx, platform, externalId);
  if (existing) await checkMappable(ctx, existing, history);
  await checkRoom(ctx, platform);
  const { channel, created } = await targetChannel(ctx, request);
  await ctx.db.patch("channels", channel._id, {
    private: true,
    ...(request.instructions !== undefined && { instructions: request.instructions }),
    ...(request.model !== undefined && { model: request.model }),
  });
  const fields = {
    platform,
    externalId,
    ...(request.externalName !== undefined && { externalName: request.externalName }),
    channelId: channel._id,
    trigger: request.trigger ?? "always",
    replyIn: request.replyIn ?? "channel",
    state: "active",
    since: positionAt(platform, Date.now()),
    ...(request.keepDays !== undefined && { keepDays: request.keepDays }),
    ...(request.relay === true && { relaySince: Date.now() }),
    ...(request.relayApps === true && { relayApps: true as const }),
    ...(request.files !== undefined && { files: request.files }),
    ...(request.stream === true && { stream: true as const }),
  } as const;
  // The row survives unmapping and is reused, so its messages keep their keys
  // (docs/races.md#unmapped-and-mapped-again).
  const mappingId = existing?._id ?? (await ctx.db.insert("mappings", fields));
  if (existing) await ctx.db.replace("mappings", existing._id, fields);
  await restartCursor(ctx, mappingId, fields.since, history);
  const { _id: channelId, name: channelName } = channel;
  return { mappingId, channelId, channelName, channelCreated: created };
}

function checkRequest({ platform, externalId, history, keepDays }: MapRequest): void {
  if (!ID_FORM[platform].test(externalId)) {
    throw refusal("BAD_ID", `"${cut(externalId, 40)}" is not a ${platform} channel id`);
  }
  checkKeep(keepDays);
  if (history === undefined) return;
  if (!Number.isInteger(history) || history < 1 || history > MOST_HISTORY) {
    const range = `1 to ${MOST_HISTORY.toString()}`;
    throw refusal("BAD_HISTORY", `history is a number of messages, ${range}`);
  }
}

function checkKeep(keepDays: number | null | undefined): void {
  if (keepDays === undefined || keepDays === null) return;
  if (!Number.isInteger(keepDays) || keepDays < 1 || keepDays > MOST_DAYS) {
    throw refusal("BAD_KEEP", `messages are kept for 1 to ${MOST_DAYS.toString()} days`);
  }
}

/** Throws unless a channel that was mapped before may be mapped again. */
async function checkMappable(ctx: MutationCtx, existing: Doc<"mappings">, history?: number) {
  // Messages still being deleted would count as stored, and then disappear.
  if (history !== undefined && (await isBeingPurged(ctx, existing._id))) {
    throw refusal(
      "BEING_DELETED",
      "its messages are still being deleted: map it with history once that has ended",
    );
  }
  if (existing.state === "unmapped") return;
  const channel = await ctx.db.get("channels", existing.channelId);
  throw refusal(
    "ALREADY_MAPPED",
    `${existing.platform} ${existing.externalId} is already mapped to "${channel?.name ?? ""}"`,
  );
}

/** Throws if bridges would not take another mapping of the platform. */
async function checkRoom(ctx: MutationCtx, platform: Platform): Promise<void> {
  const active = await mappingsIn(ctx, platform, "active");
  const paused = await mappingsIn(ctx, platform, "paused");
  if (active.length + paused.length < MOST_MAPPINGS) return;
  throw refusal(
    "TOO_MANY_MAPPINGS",
    `${MOST_MAPPINGS.toString()} ${platform} channels are mapped already, the most that a bridge takes: unmap one first`,
  );
}

/**
 * A name joins private channels only: names are not unique and anybody may make a public channel, so mapping onto
 * one by name would admit its creator to the conversation (docs/races.md#a-stranger-takes-a-channel-name).
 */
async function targetChannel(ctx: MutationCtx, { to, adopt }: MapRequest) {
  if ((to === undefined) === (adopt === undefined)) {
    throw refusal("BAD_TARGET", "name a channel with --to, or a public channel's id with --adopt");
  }
  if (adopt !== undefined) {
    const id = ctx.db.normalizeId("channels", adopt);
    const channel = id && (await ctx.db.get("channels", id));
    if (!channel) throw refusal("CHANNEL_NOT_FOUND", "no channel has that id");
    if (channel.private) {
      throw refusal("BAD_TARGET", `that channel is private already: use --to "${channel.name}"`);
    }
    return { channel, created: false };
  }
  const name = (to ?? "").trim();
  if (name === "" || name.length > 100) {
    throw refusal("BAD_TARGET", "a channel's name has 1 to 100 characters");
  }
  const found = await ctx.db
    .query("channels")
    .withIndex("by_private_and_name", (q) => q.eq("private", true).eq("name", name))
    .first();
  if (found) return { channel: found, created: false };
  const id = await ctx.db.insert("channels", { name, private: true });
  const channel = await ctx.db.get("channels", id);
  if (!channel) throw new Error("the channel just made is gone");
  return { channel, created: true };
}

/** See `admin.unmap`. Messages of a channel that was unmapped before can still be deleted. */
export async function unmapChannel(
  ctx: MutationCtx,
  request: { platform: Platform; externalId: string; deleteMessages?: boolean },
) {
  const { platform, externalId, deleteMessages } = request;
  const earlier = deleteMessages === true ? await findMapping(ctx, platform, externalId) : null;
  const mapping = earlier ?? (await mappedOrThrow(ctx, platform, externalId));
  await ctx.db.patch("mappings", mapping._id, { state: "unmapped", relaySince: undefined });
  await resolveAllOf(ctx, mapping);
  // Creation times have fractions: all of this millisecond is before.
  const before = Date.now() + 1;
  const cancelledDeliveries = await cancelDeliveries(ctx, { mappingId: mapping._id, before });
  if (deleteMessages === true) await schedulePurge(ctx, { mappingId: mapping._id, before });
  const channel = await ctx.db.get("channels", mapping.channelId);
  return { channelId: mapping.channelId, channelName: channel?.name ?? "", cancelledDeliveries };
}

interface ChangeRequest {
  readonly platform: Platform;
  readonly externalId: string;
  readonly trigger?: Trigger;
  readonly replyIn?: ReplyIn;
  readonly instructions?: string | null;
  readonly model?: string | null;
  readonly state?: "active" | "paused";
  /** `null`: for ever. */
  readonly keepDays?: number | null;
  readonly relay?: boolean;
  readonly relayApps?: boolean;
  readonly files?: FilesHeld;
  readonly stream?: boolean;
}

/** See `admin.change`. */
export async function changeMapping(
  ctx: MutationCtx,
  { platform, externalId, instructions, model, keepDays, ...rest }: ChangeRequest,
): Promise<MappingRow> {
  checkKeep(keepDays);
  const mapping = await mappedOrThrow(ctx, platform, externalId);
  const { relay, relayApps, stream, ...settings } = rest;
  const changes = {
    ...settings,
    ...(keepDays !== undefined && { keepDays: keepDays ?? undefined }),
    ...(relay !== undefined && {
      relaySince: relay ? (mapping.relaySince ?? Date.now()) : undefined,
    }),
    ...(relayApps !== undefined && { relayApps: relayApps ? (true as const) : undefined }),
    ...(stream !== undefined && { stream: stream ? (true as const) : undefined }),
  };
  await ctx.db.patch("mappings", mapping._id, changes);
  if (relayApps !== undefined) {
    const stopped = { mappingId: mapping._id, kind: RELAY_OF_APPS_STOPPED };
    await resolveProblem(ctx, platform, stopped);
  }
  await ctx.db.patch("channels", mapping.channelId, {
    ...(instructions !== undefined && { instructions: instructions ?? undefined }),
    ...(model !== undefined && { model: model ?? undefined }),
  });
  if (changes.state === "paused") await holdReady(ctx, mapping._id);
  if (changes.state === "active") await releaseDeliveries(ctx, mapping._id);
  return await mappingRow(ctx, (await ctx.db.get("mappings", mapping._id)) ?? mapping);
}

async function mappedOrThrow(ctx: MutationCtx, platform: Platform, externalId: string) {
  const mapping = await findMapping(ctx, platform, externalId);
  if (!mapping || mapping.state === "unmapped") {
    throw refusal("NOT_MAPPED", `${platform} ${cut(externalId, 40)} is not mapped`);
  }
  return mapping;
}
