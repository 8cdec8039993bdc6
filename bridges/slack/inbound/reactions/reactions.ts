import { z } from "zod";
import { lenient, lenientList } from "../../../core/shared/lenient.ts";
import type { MappingId, ReactionEvent, ReactionsEvent } from "../../../platform.ts";
import type { Identity } from "../../identity.ts";
import { toMillis } from "../payload.ts";
import { emojiNamed } from "./emoji.ts";

const short = z.string().min(1).max(100);
const time = z.string().regex(/^\d{10}\.\d{1,6}$/);

/** https://docs.slack.dev/reference/events/reaction_added. `item.type` is `message`, or the bridge ignores it. */
export const reactionForm = z.object({
  item: z.object({ type: z.string(), channel: lenient(short), ts: lenient(time) }),
  user: lenient(short),
  reaction: lenient(short),
  event_ts: lenient(time),
});
export type SlackReaction = z.infer<typeof reactionForm>;

/** The reactions of a message in history: `users` may name only some. https://docs.slack.dev/reference/objects/message-object */
export const reactionList = lenient(
  lenientList(
    z.object({
      name: short,
      count: z.int().min(0).max(1_000_000),
      users: lenient(lenientList(short)),
    }),
  ),
);

/** Emojis on one message that are read: Slack allows fewer. */
const MOST_EMOJIS = 100;

/** A person's reaction; undefined if it does not say who reacted how to what. */
export function normaliseReaction(
  { item, user, reaction, event_ts: at }: SlackReaction,
  change: ReactionEvent["change"],
  { mappingId, teamId }: { readonly mappingId: MappingId; readonly teamId: string },
): ReactionEvent | undefined {
  if ([item.ts, user, reaction, at].includes(undefined)) return undefined;
  const { ts = "" } = item;
  return {
    type: "reaction",
    mappingId,
    externalId: ts,
    author: { externalId: user ?? "", workspaceId: teamId },
    emoji: emojiNamed(reaction ?? ""),
    change,
    at: toMillis(at ?? "0"),
  };
}

/** All reactions of a message in history, without the bot's own. `readAt`: ms since 1970. */
export function normaliseReactions(
  message: {
    readonly ts: string;
    readonly readAt: number;
    readonly reactions?: z.infer<typeof reactionList>;
  },
  mappingId: MappingId,
  { botUserId, teamId: workspaceId }: Identity,
): ReactionsEvent {
  const { ts: externalId, readAt: at, reactions = [] } = message;
  const read = reactions.slice(0, MOST_EMOJIS).map(({ name, count, users = [] }) => {
    const others = users.filter((user) => user !== botUserId);
    return {
      emoji: emojiNamed(name),
      count: count - Number(others.length < users.length),
      users: others.map((user) => ({ externalId: user, workspaceId })),
    };
  });
  const shown = read.filter(({ count }) => count > 0);
  return { type: "reactions", mappingId, externalId, reactions: shown, at };
}
