import {
  RESTJSONErrorCodes as Code,
  type APIMessage,
  type APIThreadChannel,
} from "discord-api-types/v10";
import { z } from "zod";
import { placeOf, type Backend } from "../backend.ts";
import { attach, attachmentsField, checkUploads } from "../cdn/uploads.ts";
import type { Call } from "./call.ts";
import { threadPayload } from "../payloads/channel_payloads.ts";
import { messagePayload } from "../payloads/message_payloads.ts";
import { allow, mentionsIn, pingsOf } from "../world/mentions.ts";
import type { Channel } from "../world/model.ts";
import { allowedMentions, checkContent, FLAGS, parseBody } from "./create_message.ts";
import { NotImplemented, refuse } from "./refusals.ts";
import { isDenied, writtenAt } from "../world/world.ts";

const ROUTE = "POST channels/:id/threads";

const body = z.object({
  name: z.string().min(1).max(100),
  auto_archive_duration: z.int().optional(),
  rate_limit_per_user: z.int().optional(),
  type: z.int().optional(),
  message: z.unknown(),
});
const firstMessage = z.object({
  content: z.string().default(""),
  allowed_mentions: allowedMentions.optional(),
  attachments: attachmentsField,
  flags: z.int().default(0),
});

/** `POST channels/:id/threads` in a forum: a post, whose thread and first message have the same id. It takes no nonce. */
export function openForumPost(
  backend: Backend,
  forum: Channel,
  { body: raw, files }: Pick<Call, "body" | "files">,
): APIThreadChannel & { message: APIMessage } {
  const { world } = backend;
  if (forum.kind !== "text") throw refuse(Code.CannotExecuteActionOnThisChannelType);
  if (!forum.forum) throw new NotImplemented(`${ROUTE} outside a forum`);
  if (isDenied(forum, "send")) throw refuse(Code.MissingPermissions);
  const { name, message } = parseBody(body, raw, ROUTE);
  const { content, flags, allowed_mentions, attachments } = parseBody(firstMessage, message, ROUTE);
  checkContent(content, allowed_mentions, "message.");
  checkUploads(files);
  if (files.length > 0 && isDenied(forum, "files")) throw refuse(Code.MissingPermissions);
  if (content.trim() === "" && files.length === 0) throw refuse(Code.CannotSendAnEmptyMessage);
  if ((flags & ~FLAGS) !== 0) throw new NotImplemented(`${ROUTE} with flags ${flags}`);
  const mentions = allow(mentionsIn(content), allowed_mentions, undefined);
  const thread = world.openPost(forum, name, world.bot, content.trim(), {
    mentions,
    flags,
    attachments: attach(world, forum, files, attachments),
  });
  const first = thread.messages.get(thread.id);
  if (!first) throw new Error("a post has a first message");
  backend.posts.push({
    id: first.id,
    ...placeOf(thread),
    text: content,
    at: writtenAt(first),
    pings: pingsOf(mentions),
    body: raw,
  });
  return { ...threadPayload(world, thread), message: messagePayload(world, first) };
}
