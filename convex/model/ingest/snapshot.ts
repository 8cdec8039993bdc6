import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { lacksFiles } from "../files/awaited.ts";
import { reactedAfter } from "../rows/messages/reactions.ts";
import { idAt } from "../shared/positions.ts";
import { refusal } from "../shared/refusal.ts";
import type { Platform } from "../shared/validators.ts";
import type { vSnapshot, vSnapshotRow } from "./event_validators.ts";

/** Rows of one kind that a catch-up compares. */
const MOST_ROWS = 200;
/** Old threads that a catch-up compares. */
const MOST_THREADS = 50;
/** Old threads whose last message is read. */
const MOST_CHECKED = 200;

type SnapshotRow = Infer<typeof vSnapshotRow>;

/** See `bridge.standing`. */
export async function readSnapshot(
  ctx: QueryCtx,
  platform: Platform,
  args: {
    readonly mappingId: Id<"mappings">;
    readonly after: string;
    readonly rootsBefore: string;
    readonly activeSince: number;
  },
): Promise<Infer<typeof vSnapshot>> {
  const mapping = await ctx.db.get("mappings", args.mappingId);
  if (mapping?.platform !== platform) {
    throw refusal("FORBIDDEN", "that mapping belongs to another platform");
  }
  const after = idAt(platform, args.after);
  const threads = new ThreadsOf(ctx);
  const messages = await newestMessages(ctx, mapping._id, after);
  const posts = await newestPosts(ctx, mapping._id, after);
  const active = await activeThreads(ctx, mapping._id, args.rootsBefore, args.activeSince);
  const beyond = [
    ...([messages, posts].some(({ length }) => length === MOST_ROWS) ? ["messages" as const] : []),
    ...(active.length === MOST_THREADS ? ["threads" as const] : []),
  ];
  const rows = [
    ...(await messageRows(ctx, mapping, messages, threads)),
    ...(await postRows(ctx, posts, threads)),
  ];
  const reacted = await reactedAfter(ctx, mapping._id, after);
  return {
    rows: rows.map((row) => (reacted.has(row.externalId) ? { ...row, reacted: true } : row)),
    threads: active,
    ...(beyond.length > 0 && { beyond }),
  };
}

async function newestMessages(ctx: QueryCtx, mappingId: Id<"mappings">, after: string) {
  return await ctx.db
    .query("messages")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).gt("externalId", after),
    )
    .order("desc")
    .take(MOST_ROWS);
}

async function newestPosts(ctx: QueryCtx, mappingId: Id<"mappings">, after: string) {
  return await ctx.db
    .query("posts")
    .withIndex("by_mappingId_and_externalId", (q) =>
      q.eq("mappingId", mappingId).gt("externalId", after),
    )
    .order("desc")
    .take(MOST_ROWS);
}

async function messageRows(
  ctx: QueryCtx,
  mapping: Doc<"mappings">,
  messages: readonly Doc<"messages">[],
  threads: ThreadsOf,
): Promise<SnapshotRow[]> {
  const rows: SnapshotRow[] = [];
  for (const message of messages) {
    const { externalId, conversationId, editedAt, deletedAt } = message;
    if (externalId === undefined || deletedAt !== undefined) continue;
    rows.push({
      externalId,
      ...(await threads.of(conversationId)),
      ...(editedAt !== undefined && { editedAt }),
      ...((await lacksFiles(ctx, mapping, message)) && { lacksFiles: true as const }),
      own: false,
    });
  }
  return rows;
}

async function postRows(
  ctx: QueryCtx,
  posts: readonly Doc<"posts">[],
  threads: ThreadsOf,
): Promise<SnapshotRow[]> {
  const rows: SnapshotRow[] = [];
  for (const { externalId, messageId, conversationId, deletedAt } of posts) {
    if (deletedAt !== undefined) continue;
    const place = conversationId ?? (await ctx.db.get("messages", messageId))?.conversationId;
    rows.push({ externalId, ...(await threads.of(place)), own: true });
  }
  return rows;
}

/** Threads of a mapping with a message since `activeSince`, newest thread first. */
async function activeThreads(
  ctx: QueryCtx,
  mappingId: Id<"mappings">,
  rootsBefore: string,
  activeSince: number,
): Promise<string[]> {
  const conversations = await ctx.db
    .query("conversations")
    .withIndex("by_mappingId_and_threadId", (q) =>
      q.eq("mappingId", mappingId).gt("threadId", "").lt("threadId", rootsBefore),
    )
    .order("desc")
    .take(MOST_CHECKED);
  const active: string[] = [];
  for (const { _id, threadId } of conversations) {
    const newest = await ctx.db
      .query("messages")
      .withIndex("by_conversationId_and_position", (q) => q.eq("conversationId", _id))
      .order("desc")
      .first();
    if (threadId !== undefined && (newest?.sentAt ?? 0) >= activeSince) active.push(threadId);
    if (active.length === MOST_THREADS) break;
  }
  return active;
}

/** The threads of conversations; each conversation is read once. */
class ThreadsOf {
  readonly #known = new Map<Id<"conversations">, Promise<Doc<"conversations"> | null>>();

  constructor(private readonly ctx: QueryCtx) {}

  async of(id: Id<"conversations"> | undefined): Promise<{ threadId?: string }> {
    if (id === undefined) return {};
    const reading = this.#known.get(id) ?? this.ctx.db.get("conversations", id);
    this.#known.set(id, reading);
    const threadId = (await reading)?.threadId;
    return threadId === undefined ? {} : { threadId };
  }
}
