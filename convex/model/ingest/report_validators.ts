import { type Infer, v } from "convex/values";
import { vMentionedKind } from "../rows/messages/mention_names.ts";
import { troubleFields, vDirection, vPlatform } from "../shared/validators.ts";

/** A person's name as the platform shows it, or (with `kind`) that of something else that messages mention. */
export const vPerson = v.object({
  workspaceId: v.string(),
  externalId: v.string(),
  name: v.string(),
  avatarUrl: v.optional(v.string()),
  kind: v.optional(vMentionedKind),
});

/**
 * Kinds of problems.
 * event_set_aside     Convex could not store the event    message_unreadable  the bridge cannot read the message
 * thread_unknown      its channel cannot be found         thread_unreadable   its messages cannot be read
 * content_unknown     a kind of content that the bridge does not support
 */
const vProblemKind = v.union(
  v.literal("event_set_aside"),
  v.literal("message_unreadable"),
  v.literal("thread_unknown"),
  v.literal("thread_unreadable"),
  v.literal("content_unknown"),
);
export type ProblemKind = Infer<typeof vProblemKind>;

/** Names that earlier versions of the bridges report, and that stored rows still have. */
const vFormerProblemKind = v.union(
  v.literal("event set aside"),
  v.literal("unreadable"),
  v.literal("unreadable_event"),
  v.literal("unknown content"),
);

const CURRENT: Record<Infer<typeof vFormerProblemKind>, ProblemKind> = {
  "event set aside": "event_set_aside",
  unreadable: "message_unreadable",
  unreadable_event: "message_unreadable",
  "unknown content": "content_unknown",
};

/** The present name of a problem's kind. */
export function currentKind(kind: string): string {
  return (CURRENT as Partial<Record<string, ProblemKind>>)[kind] ?? kind;
}

const problemFields = {
  mappingId: v.optional(v.id("mappings")),
  externalId: v.optional(v.string()),
  reason: v.string(),
};

/** Something an admin should see: a skipped event, a gap. Counted when it repeats. */
export const vProblem = v.object({
  ...problemFields,
  kind: v.union(vProblemKind, vFormerProblemKind),
});

/** A problem as stored: reported `count` times, last at `at` (ms since 1970). */
export const vProblemRow = v.object({
  ...problemFields,
  platform: vPlatform,
  kind: v.string(),
  count: v.number(),
  at: v.number(),
});

/** A mapped channel's new name, or the id it moved to. */
export const vChannelUpdate = v.object({
  mappingId: v.id("mappings"),
  name: v.optional(v.string()),
  externalId: v.optional(v.string()),
});

/** The state of one direction of a mapping: what is wrong, or (without `trouble`) that it works again. */
export const vHealth = v.object({
  mappingId: v.id("mappings"),
  direction: vDirection,
  trouble: v.optional(v.object(troubleFields)),
});
