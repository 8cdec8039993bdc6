import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import {
  vFilesHeld,
  vMappingState,
  vPlatform,
  vReplyIn,
  vTrigger,
  type FilesHeld,
  type Platform,
} from "../shared/validators.ts";

/** How many mappings of one platform a bridge takes; far beyond what one bot can serve. `admin.map` refuses more. */
export const MOST_MAPPINGS = 1_000;

/** Every platform, in the order admins see them. */
export const PLATFORMS: readonly Platform[] = ["discord", "slack"];

/** A mapping as admins see it. */
export const vMappingRow = v.object({
  mappingId: v.id("mappings"),
  platform: vPlatform,
  externalId: v.string(),
  externalName: v.optional(v.string()),
  channelId: v.id("channels"),
  channelName: v.string(),
  trigger: vTrigger,
  replyIn: vReplyIn,
  state: vMappingState,
  since: v.string(),
  /** Older messages are deleted, in days. Absent: all are kept. */
  keepDays: v.optional(v.number()),
  /** Since when it receives what is said elsewhere in its Convex channel, in ms since 1970. Absent: it does not. */
  relaySince: v.optional(v.number()),
  /** Whether messages of apps are relayed too. */
  relayApps: v.optional(v.literal(true)),
  /** Absent: images. */
  files: v.optional(vFilesHeld),
  /** Whether people watch answers being written. */
  stream: v.optional(v.literal(true)),
  instructions: v.optional(v.string()),
  model: v.optional(v.string()),
});
export type MappingRow = Infer<typeof vMappingRow>;

export async function findMapping(ctx: QueryCtx, platform: Platform, externalId: string) {
  return await ctx.db
    .query("mappings")
    .withIndex("by_platform_and_externalId", (q) =>
      q.eq("platform", platform).eq("externalId", externalId),
    )
    .unique();
}

/** Mappings of one channel that are read. */
const MOST_OF_CHANNEL = 100;

/** The channel's mappings, unmapped ones included. */
export async function mappingsOf(ctx: QueryCtx, channelId: Id<"channels">) {
  return await ctx.db
    .query("mappings")
    .withIndex("by_channelId_and_relaySince", (q) => q.eq("channelId", channelId))
    .take(MOST_OF_CHANNEL);
}

/** What was sent before this time (ms since 1970) is not kept in the mapping. */
export function horizonOf({ keepDays }: Doc<"mappings">): number {
  return keepDays === undefined ? -Infinity : Date.now() - keepDays * 24 * 60 * 60_000;
}

/** Which files of its messages are held. */
export function filesHeldIn({ files = "images" }: Pick<Doc<"mappings">, "files">): FilesHeld {
  return files;
}

/** A mapping as bridges see it. */
export const vActiveMapping = vMappingRow
  .pick("mappingId", "externalId", "externalName", "since")
  .extend({ files: vFilesHeld });

/** See `bridge.mappings`. */
export async function activeMappings(ctx: QueryCtx, platform: Platform) {
  const rows = await mappingsIn(ctx, platform, "active");
  return rows.map((mapping) => ({
    mappingId: mapping._id,
    externalId: mapping.externalId,
    ...(mapping.externalName !== undefined && { externalName: mapping.externalName }),
    since: mapping.since,
    files: filesHeldIn(mapping),
  }));
}

/** Every mapping that is active or paused. */
export async function listMappings(
  ctx: QueryCtx,
  platforms: readonly Platform[] = PLATFORMS,
): Promise<MappingRow[]> {
  const rows: MappingRow[] = [];
  for (const platform of platforms) {
    for (const state of ["active", "paused"] as const) {
      for (const mapping of await mappingsIn(ctx, platform, state)) {
        rows.push(await mappingRow(ctx, mapping));
      }
    }
  }
  return rows;
}

export async function mappingRow(ctx: QueryCtx, mapping: Doc<"mappings">): Promise<MappingRow> {
  const channel = await ctx.db.get("channels", mapping.channelId);
  const { _id, _creationTime: _, ...fields } = mapping;
  return {
    mappingId: _id,
    ...fields,
    channelName: channel?.name ?? "",
    ...(channel?.instructions !== undefined && { instructions: channel.instructions }),
    ...(channel?.model !== undefined && { model: channel.model }),
  };
}

export async function mappingsIn(
  ctx: QueryCtx,
  platform: Platform,
  state: Doc<"mappings">["state"],
): Promise<Doc<"mappings">[]> {
  return await ctx.db
    .query("mappings")
    .withIndex("by_platform_and_state", (q) => q.eq("platform", platform).eq("state", state))
    .take(MOST_MAPPINGS);
}
