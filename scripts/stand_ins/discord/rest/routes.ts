import { RESTJSONErrorCodes as Code } from "discord-api-types/v10";
import { z } from "zod";
import { placeOf, type Backend } from "../backend.ts";
import { type Call, channelOf, type Handler, ok } from "./call.ts";
import {
  activeThreads,
  channelPayload,
  textPayload,
  threadList,
  threadPayload,
} from "../payloads/channel_payloads.ts";
import { attachmentsField } from "../cdn/uploads.ts";
import { allowedMentions, createMessage, parseBody } from "./create_message.ts";
import { editMessage } from "./edit_message.ts";
import { openForumPost } from "./forum_posts.ts";
import { applicationPayload, guildPayload } from "../payloads/guild_payloads.ts";
import type { Point } from "../world/message_log.ts";
import {
  memberPayload,
  messagePayload,
  userPayload,
  withoutContent,
} from "../payloads/message_payloads.ts";
import type { Channel, Message } from "../world/model.ts";
import { invalid, refuse } from "./refusals.ts";
import { isSnowflake } from "../world/snowflakes.ts";
import { webhookRoutes } from "./webhook_routes.ts";
import { isDenied } from "../world/world.ts";

const editBody = z.object({
  content: z.string().optional(),
  /** discord.js sends these with edits too; they have no effect there. */
  tts: z.boolean().optional(),
  enforce_nonce: z.boolean().optional(),
  flags: z.int().optional(),
  allowed_mentions: allowedMentions.optional(),
  attachments: attachmentsField,
});
const threadBody = z.object({
  name: z.string().min(1).max(100),
  auto_archive_duration: z.int().optional(),
  rate_limit_per_user: z.int().optional(),
  /** Applies only to a thread without a message, but clients always send it. */
  type: z.int().optional(),
});

/** Every implemented route, by its name in the wire log, the rate limits and the faults. */
export const routes = {
  "GET gateway/bot": (backend) =>
    ok({
      url: backend.gatewayUrl(),
      shards: 1,
      session_start_limit: {
        total: 1000,
        remaining: backend.identifiesLeft(),
        reset_after: 86_400_000,
        max_concurrency: 1,
      },
    }),
  "GET users/@me": ({ world }) => ok(userPayload(world.bot)),
  "GET users/@me/guilds": ({ world, isInvited }) =>
    ok(
      isInvited ? [{ id: world.guild.id, name: world.guild.name, owner: false, features: [] }] : [],
    ),
  "GET applications/@me": ({ world, messageContentIntent }) =>
    ok(applicationPayload(world, messageContentIntent)),
  "GET guilds/:id": (backend, call) => ok(guildPayload(inGuild(backend, call))),
  "GET guilds/:id/channels": (backend, call) => {
    const world = inGuild(backend, call);
    return ok([...world.channels.values()].map((channel) => textPayload(world, channel)));
  },
  "GET guilds/:id/members/:member": (backend, call) => {
    const world = inGuild(backend, call);
    const user = world.users.get(call.ids[1] ?? "");
    if (!user || user.kind === "webhook") throw refuse(Code.UnknownMember);
    return ok({ ...memberPayload(user), user: userPayload(user) });
  },
  "GET guilds/:id/threads/active": (backend, call) => {
    const world = inGuild(backend, call);
    return ok(threadList(world, activeThreads(world)));
  },
  "GET channels/:id": (backend, call) =>
    ok(channelPayload(backend.world, channelOf(backend, call))),
  "GET channels/:id/threads/archived/public": (backend, call) => {
    const { world } = backend;
    const channel = channelOf(backend, call);
    if (channel.kind !== "text") throw refuse(Code.CannotExecuteActionOnThisChannelType);
    if (isDenied(channel, "history")) throw refuse(Code.MissingPermissions);
    const before = Date.parse(call.query.get("before") ?? "9999-01-01T00:00:00Z");
    const archived = world
      .threadsOf(channel)
      .filter((thread) => thread.archived && thread.archiveChangedAt < before)
      .filter((thread) => !isDenied(thread, "view"))
      .sort((a, b) => b.archiveChangedAt - a.archiveChangedAt);
    const limit = limitOf(call, 100);
    return ok({
      ...threadList(world, archived.slice(0, limit)),
      has_more: archived.length > limit,
    });
  },
  "GET channels/:id/messages": (backend, call) => {
    const channel = channelOf(backend, call);
    const limit = limitOf(call, 50);
    const point = pointOf(call);
    if (channel.kind === "text" && channel.forum) {
      throw refuse(Code.CannotExecuteActionOnThisChannelType);
    }
    // Without Read Message History the list is empty; there is no error (Discord docs, "Get Channel Messages").
    if (isDenied(channel, "history")) return ok([]);
    return ok(channel.messages.page(point, limit).map((message) => shown(backend, message)));
  },
  "GET channels/:id/messages/:message": (backend, call) => {
    const channel = channelOf(backend, call);
    if (isDenied(channel, "history")) throw refuse(Code.MissingPermissions);
    return ok(shown(backend, messageOf(channel, call)));
  },
  "POST channels/:id/messages": (backend, call) =>
    ok(createMessage(backend, channelOf(backend, call), call)),
  "PATCH channels/:id/messages/:message": (backend, call) => {
    const { world } = backend;
    const message = messageOf(channelOf(backend, call), call);
    if (message.author !== world.bot) throw refuse(Code.CannotEditMessageAuthoredByAnotherUser);
    const body = parseBody(editBody, call.body, "PATCH channels/:id/messages/:message");
    return ok(editMessage(world, message, body, call.files));
  },
  "DELETE channels/:id/messages/:message": (backend, call) => {
    const { world } = backend;
    const message = messageOf(channelOf(backend, call), call);
    if (message.author !== world.bot) throw refuse(Code.MissingPermissions);
    world.remove(message);
    return { status: 204 };
  },
  "POST channels/:id/messages/:message/threads": (backend, call) => {
    const { world } = backend;
    const channel = channelOf(backend, call);
    if (channel.kind !== "text") throw refuse(Code.CannotExecuteActionOnThisChannelType);
    if (isDenied(channel, "threads")) throw refuse(Code.MissingPermissions);
    const message = messageOf(channel, call);
    const { name } = parseBody(
      threadBody,
      call.body,
      "POST channels/:id/messages/:message/threads",
    );
    if (world.threads.has(message.id)) throw refuse(Code.ThreadAlreadyCreatedForMessage);
    const thread = world.openThread(message, channel, name, world.bot);
    return { status: 201, body: threadPayload(world, thread) };
  },
  "POST channels/:id/typing": (backend, call) => {
    const channel = channelOf(backend, call);
    if (isDenied(channel, "send")) throw refuse(Code.MissingPermissions);
    backend.typing.push(placeOf(channel));
    return { status: 204 };
  },
  "POST channels/:id/threads": (backend, call) => ({
    status: 201,
    body: openForumPost(backend, channelOf(backend, call), call),
  }),
  ...webhookRoutes,
} as const satisfies Record<string, Handler>;

export type RouteName = keyof typeof routes;

const patterns = Object.keys(routes).map((name) => {
  const [method = "", path = ""] = name.split(" ");
  return { name: name as RouteName, method, parts: path.split("/") }; // Keys of `routes` are its names.
});

/** Finds the route of a request. `path` excludes the version. */
export function match(
  method: string,
  path: string,
): { name: RouteName; ids: string[] } | undefined {
  const parts = path.split("/");
  for (const pattern of patterns) {
    if (pattern.method !== method || pattern.parts.length !== parts.length) continue;
    const fits = pattern.parts.every(
      (part, at) =>
        part === ":token" ||
        (part.startsWith(":") ? isSnowflake(parts[at] ?? "") : part === parts[at]),
    );
    if (!fits) continue;
    return { name: pattern.name, ids: parts.filter((_, at) => pattern.parts[at]?.startsWith(":")) };
  }
  return undefined;
}

function inGuild({ world }: Backend, call: Call) {
  if (call.ids[0] !== world.guild.id || world.presence === "out") throw refuse(Code.UnknownGuild);
  return world;
}

function messageOf(channel: Channel, call: Call): Message {
  const message = channel.messages.get(call.ids[1] ?? "");
  if (!message) throw refuse(Code.UnknownMessage);
  return message;
}

function shown({ world, messageContentIntent }: Backend, message: Message) {
  const payload = messagePayload(world, message);
  return messageContentIntent ? payload : withoutContent(world, payload);
}

function limitOf(call: Call, usual: number): number {
  const limit = Number(call.query.get("limit") ?? usual);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100) return limit;
  throw invalid("limit", "NUMBER_TYPE_RANGE", "Value should be between 1 and 100.");
}

function pointOf(call: Call): Point {
  for (const kind of ["around", "before", "after"] as const) {
    const id = call.query.get(kind);
    if (id === null) continue;
    if (!/^\d{1,20}$/.test(id)) {
      throw invalid(kind, "NUMBER_TYPE_COERCE", `Value "${id}" is not snowflake.`);
    }
    return { kind, id };
  }
  return { kind: "newest" };
}
