import { v } from "convex/values";
import { vDirection } from "../shared/validators.ts";

/** A person's name as the platform shows it. */
export const vPerson = v.object({
  workspaceId: v.string(),
  externalId: v.string(),
  name: v.string(),
  avatarUrl: v.optional(v.string()),
});

/** Something an admin should see: a skipped event, a gap. Counted when it repeats. */
export const vProblem = v.object({
  mappingId: v.optional(v.id("mappings")),
  kind: v.string(),
  externalId: v.optional(v.string()),
  reason: v.string(),
});

/** What became of a mapped channel itself: its name now, or the id it moved to. */
export const vChannelNews = v.object({
  mappingId: v.id("mappings"),
  name: v.optional(v.string()),
  externalId: v.optional(v.string()),
});

/** The state of one direction of a mapping: what is wrong, or (without `trouble`) that it works again. */
export const vHealth = v.object({
  mappingId: v.id("mappings"),
  direction: vDirection,
  trouble: v.optional(
    v.object({ code: v.string(), reason: v.string(), step: v.optional(v.string()) }),
  ),
});
