import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";

/** From an announcement to the end of its upload, in ms: its address is good for an hour, and an upload takes two minutes. */
export const LONGEST_UPLOAD_MS = 70 * 60_000;
/** How far clocks of one deployment may differ, in ms. */
export const CLOCKS_MS = 60_000;

/** A row of `_storage`. */
export interface Blob {
  readonly _id: Id<"_storage">;
  readonly _creationTime: number;
  readonly sha256: string;
  readonly contentType?: string | null;
}

/** Whether a blob has the bytes of an upload that was announced, and was stored while that could be. */
export async function isAnnounced(
  ctx: QueryCtx,
  { _creationTime: at, sha256 }: Blob,
): Promise<boolean> {
  const announced = await ctx.db
    .query("uploads")
    .withIndex("by_sha256_and_at", (q) =>
      q
        .eq("sha256", inHex(sha256))
        .gte("at", at - LONGEST_UPLOAD_MS)
        .lte("at", at + CLOCKS_MS),
    )
    .first();
  return announced !== null;
}

/** Convex documents hex and gives base64: https://docs.convex.dev/file-storage/file-metadata */
function inHex(sha256: string): string {
  if (/^[\da-f]{64}$/i.test(sha256)) return sha256.toLowerCase();
  return Array.from(atob(sha256), (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(
    "",
  );
}
