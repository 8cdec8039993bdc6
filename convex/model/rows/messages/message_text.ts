import { type Infer, v } from "convex/values";
import type { Doc, Id } from "../../../_generated/dataModel.js";
import type { QueryCtx } from "../../../_generated/server.js";
import { findIdentity } from "../identities.ts";
import { mentionName } from "./mention_names.ts";
import type { Mention } from "../../shared/validators.ts";

/** A message as the chat API shows it: its public fields and no others. */
export const vChatMessage = v.object({
  _id: v.id("messages"),
  _creationTime: v.number(),
  channelId: v.id("channels"),
  authorId: v.optional(v.id("users")),
  content: v.string(),
});
export type ChatMessage = Infer<typeof vChatMessage>;

/** Deleted rows are skipped, so that a limit of ten gives ten messages; this bounds the rows read. */
const MOST_ROWS = 500;

/** The channel's newest messages that are not deleted, newest first. */
export async function newestMessages(ctx: QueryCtx, channelId: Id<"channels">, limit: number) {
  const newest: Doc<"messages">[] = [];
  let read = 0;
  const rows = ctx.db
    .query("messages")
    .withIndex("by_channelId_and_sentAt", (q) => q.eq("channelId", channelId))
    .order("desc");
  for await (const row of rows) {
    if (row.deletedAt === undefined) newest.push(row);
    if (newest.length >= limit || ++read >= MOST_ROWS) break;
  }
  return newest;
}

/** The message as people read it, with names in place of ids. */
export async function toChatMessage(ctx: QueryCtx, message: Doc<"messages">): Promise<ChatMessage> {
  return {
    _id: message._id,
    _creationTime: message._creationTime,
    channelId: message.channelId,
    ...(message.authorId && { authorId: message.authorId }),
    content: await readableContent(ctx, message),
  };
}

/**
 * Names looked up in one function call. Convex allows 4,096 index ranges, and one message may hold thousands of
 * mentions: beyond this the names stored with a message serve.
 */
const MOST_NAMES = 1_000;

/** What one function call has looked up: many messages mention the same few people. */
const lookedUp = new WeakMap<QueryCtx, Map<string, string | undefined>>();

async function currentName(
  ctx: QueryCtx,
  { platform, workspaceId }: Doc<"identities">,
  { kind, id }: Mention,
): Promise<string | undefined> {
  const names = lookedUp.get(ctx) ?? new Map<string, string | undefined>();
  lookedUp.set(ctx, names);
  const key = `${platform} ${workspaceId} ${kind} ${id}`;
  if (!names.has(key) && names.size < MOST_NAMES) {
    const isPerson = kind === "user";
    const name = isPerson
      ? (await findIdentity(ctx, platform, workspaceId, id))?.name
      : await mentionName(ctx, platform, id);
    names.set(key, name);
  }
  return names.get(key);
}

/**
 * The content with `@name` and `#name` for its id tokens. Names are looked up now, not when the message was stored:
 * they follow renames, and Slack's events carry none (docs/races.md#names-arrive-after-messages). Only tokens that the
 * platform marked as mentions are replaced. `escaped`: how a name is written where Markdown is read.
 */
export async function readableContent(
  ctx: QueryCtx,
  message: Doc<"messages">,
  escaped: (name: string) => string = (name) => name,
): Promise<string> {
  if (!message.mentions || message.identityId === undefined) return message.content;
  const identity = await ctx.db.get("identities", message.identityId);
  const names = new Map<string, string>();
  for (const mention of message.mentions) {
    // People change their names. A channel or group is called what it was when it was mentioned.
    const isLookedUp = identity !== null && (mention.kind === "user" || mention.name === undefined);
    const known = isLookedUp ? await currentName(ctx, identity, mention) : undefined;
    const name = known ?? mention.name ?? mention.id;
    names.set(tokenOf(mention), `${SIGIL[mention.kind]}${escaped(name)}`);
  }
  // In one pass: a name is anybody's choice, and may look like a token itself.
  return message.content.replace(TOKEN, (token) => names.get(token) ?? token);
}

const TOKEN = /<(?:@&?|#)[^<>\s]+>/g;

const SIGIL = { user: "@", group: "@", channel: "#" } as const satisfies Record<
  Mention["kind"],
  string
>;

function tokenOf({ kind, id }: Mention): string {
  switch (kind) {
    case "user":
      return `<@${id}>`;
    case "group":
      return `<@&${id}>`;
    case "channel":
      return `<#${id}>`;
  }
}
