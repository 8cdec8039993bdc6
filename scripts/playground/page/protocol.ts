import { z } from "zod";

/*
 * The protocol between the page and its server: JSON over one WebSocket, parsed with these schemas on both sides. It
 * covers chats, the bridge and fault injection; the page reads Convex data from Convex directly.
 */

const vPlatform = z.enum(["discord", "slack"]);
export type PlatformName = z.infer<typeof vPlatform>;

const vPlace = z.object({ channel: z.string(), thread: z.string().optional() });
/** A channel, or a thread in it. */
export type Place = z.infer<typeof vPlace>;

/** A message as people on the platform see it. */
const vMessage = z.object({
  id: z.string(),
  author: z.string(),
  authorId: z.string(),
  text: z.string(),
  edited: z.boolean(),
  fromBot: z.boolean(),
  /** The bot posted it under a person's name: a copy of what was said elsewhere. */
  inPersona: z.literal(true).optional(),
  replyTo: z.string().optional(),
  /** Its images, as data URIs. */
  images: z.array(z.string()),
  reactions: z.array(z.object({ emoji: z.string(), people: z.array(z.string()) })),
});
export type ChatMessage = z.infer<typeof vMessage>;

const vNamed = z.object({ id: z.string(), name: z.string() });
export type Named = z.infer<typeof vNamed>;

const vChannel = vNamed.extend({ threads: z.array(vNamed) });
export type Channel = z.infer<typeof vChannel>;

/** One platform's state, without its messages. */
const vPlatformState = z.object({
  bot: vNamed,
  people: z.array(vNamed),
  channels: z.array(vChannel),
  /** Where the bot is typing. */
  typing: z.array(vPlace),
  /** How many connections bridges have open. */
  connections: z.number(),
});
export type PlatformState = z.infer<typeof vPlatformState>;

const vState = z.object({
  /** Another one after the playground was restarted: then the page is another, too. */
  run: z.string(),
  convexUrl: z.string(),
  ai: z.object({ real: z.boolean(), model: z.string() }),
  bridge: z.enum(["running", "starting", "stopped"]),
  convexAway: z.boolean(),
  /** Who is signed in to the app's window, and whether the playground itself opened `general` to them. */
  app: z.object({ person: z.string(), isOpened: z.boolean() }),
  /** A public channel and its two people, to use the chat API without a platform. */
  lobby: z.object({ channelId: z.string(), people: z.array(vNamed) }),
  discord: vPlatformState,
  slack: vPlatformState,
});
export type PlaygroundState = z.infer<typeof vState>;

/** How the platform's response to the bridge's next post fails. */
const vPostFault = z.enum(["limited", "failed", "lostAnswer", "refused"]);
export type PostFault = z.infer<typeof vPostFault>;

const vThumb = z.enum(["👍", "👎"]);
/** What people can react with here. */
export const THUMBS = vThumb.options;
export type Thumb = z.infer<typeof vThumb>;

const inPlace = { platform: vPlatform, ...vPlace.shape };

const vCommand = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("say"),
    ...inPlace,
    person: z.string(),
    text: z.string(),
    withImage: z.boolean(),
  }),
  z.object({ kind: z.literal("edit"), ...inPlace, id: z.string(), text: z.string() }),
  z.object({ kind: z.literal("remove"), ...inPlace, id: z.string() }),
  z.object({
    kind: z.literal("react"),
    ...inPlace,
    id: z.string(),
    person: z.string(),
    thumb: vThumb,
  }),
  z.object({ kind: z.literal("openThread"), ...inPlace, id: z.string() }),
  z.object({ kind: z.literal("addChannel"), platform: vPlatform, name: z.string() }),
  z.object({ kind: z.literal("addPerson"), platform: vPlatform, name: z.string() }),
  z.object({ kind: z.literal("failNextPost"), platform: vPlatform, fault: vPostFault }),
  z.object({ kind: z.literal("cutConnections"), platform: vPlatform }),
  z.object({ kind: z.literal("convexAway"), away: z.boolean() }),
  z.object({ kind: z.literal("killBridge") }),
  z.object({ kind: z.literal("startBridge") }),
]);
/** What the page can do. */
export type Command = z.infer<typeof vCommand>;

/** What the page sends. The response has the same `n`. */
export const vRequest = z.object({ n: z.number().int(), command: vCommand });

/** What the server sends. `answer`: request `n` succeeded, or failed with `error`. */
export const vFrame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("state"), state: vState }),
  z.object({
    type: z.literal("messages"),
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

/** A string that identifies a channel or thread across platforms. */
export function placeKey(platform: PlatformName, { channel, thread }: Place): string {
  return `${platform} ${channel} ${thread ?? ""}`;
}
