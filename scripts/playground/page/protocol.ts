import { z } from "zod";

/*
 * What the page and its server say to each other, as JSON over one WebSocket. Both sides parse what they receive with
 * these. Only chats, the bridge and things to break pass here; Convex the page reads from Convex itself.
 */

const vPlatform = z.enum(["discord", "slack"]);
export type PlatformName = z.infer<typeof vPlatform>;

const vPlace = z.object({ channel: z.string(), thread: z.string().optional() });
export type Place = z.infer<typeof vPlace>;

/** A message as people on the platform see it. */
const vMessage = z.object({
  id: z.string(),
  author: z.string(),
  authorId: z.string(),
  text: z.string(),
  edited: z.boolean(),
  fromBot: z.boolean(),
  replyTo: z.string().optional(),
});
export type ChatMessage = z.infer<typeof vMessage>;

const vNamed = z.object({ id: z.string(), name: z.string() });
export type Named = z.infer<typeof vNamed>;

const vChannel = vNamed.extend({ threads: z.array(vNamed) });
export type Channel = z.infer<typeof vChannel>;

/** One platform: everything of it but what was said. */
const vSide = z.object({
  bot: vNamed,
  people: z.array(vNamed),
  channels: z.array(vChannel),
  /** Where the bot shows that it is typing. */
  typing: z.array(vPlace),
  /** Live connections of bridges. */
  connections: z.number(),
});
export type Side = z.infer<typeof vSide>;

const vStage = z.object({
  convexUrl: z.string(),
  ai: z.object({ real: z.boolean(), model: z.string() }),
  bridge: z.enum(["running", "starting", "stopped"]),
  convexAway: z.boolean(),
  /** A public channel and its two people, for the chat API that needs no platform. */
  lobby: z.object({ channelId: z.string(), people: z.array(vNamed) }),
  discord: vSide,
  slack: vSide,
});
export type Stage = z.infer<typeof vStage>;

/** What goes wrong with a platform's answer to the bridge's next post. */
const vPostFault = z.enum(["limited", "failed", "lostAnswer", "refused"]);
export type PostFault = z.infer<typeof vPostFault>;

const on = { platform: vPlatform, ...vPlace.shape };

const vCommand = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("say"), ...on, person: z.string(), text: z.string() }),
  z.object({ kind: z.literal("edit"), ...on, id: z.string(), text: z.string() }),
  z.object({ kind: z.literal("remove"), ...on, id: z.string() }),
  z.object({ kind: z.literal("openThread"), ...on, id: z.string() }),
  z.object({ kind: z.literal("addChannel"), platform: vPlatform, name: z.string() }),
  z.object({ kind: z.literal("addPerson"), platform: vPlatform, name: z.string() }),
  z.object({ kind: z.literal("failNextPost"), platform: vPlatform, fault: vPostFault }),
  z.object({ kind: z.literal("cutConnections"), platform: vPlatform }),
  z.object({ kind: z.literal("convexAway"), away: z.boolean() }),
  z.object({ kind: z.literal("killBridge") }),
  z.object({ kind: z.literal("startBridge") }),
]);
export type Command = z.infer<typeof vCommand>;

/** What the page sends. */
export const vRequest = z.object({ n: z.number().int(), command: vCommand });

/** What the page is told. `answer`: the request of this number is carried out, or refused with an error. */
export const vFrame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("stage"), stage: vStage }),
  z.object({
    type: z.literal("said"),
    platform: vPlatform,
    ...vPlace.shape,
    messages: z.array(vMessage),
  }),
  z.object({
    type: z.literal("answer"),
    n: z.number(),
    value: z.string().optional(),
    error: z.string().optional(),
  }),
]);
export type Frame = z.infer<typeof vFrame>;

/** Names a place among all of them. */
export function placeKey(platform: PlatformName, { channel, thread }: Place): string {
  return `${platform} ${channel} ${thread ?? ""}`;
}
