import { RESTJSONErrorCodes as Code, type APIMessage } from "discord-api-types/v10";
import { z } from "zod";
import { placeOf, type Backend } from "../backend.ts";
import { attach, attachmentsField, checkUploads } from "../cdn/uploads.ts";
import type { Call } from "./call.ts";
import { allowedMentions, checkContent, FLAGS, parseBody } from "./create_message.ts";
import { messagePayload } from "../payloads/message_payloads.ts";
import { allow, mentionsIn, pingsOf } from "../world/mentions.ts";
import type { Channel, Message, User, Webhook } from "../world/model.ts";
import { invalid, NotImplemented, refuse } from "./refusals.ts";
import { isSnowflake } from "../world/snowflakes.ts";
import { writtenAt, type World } from "../world/world.ts";

const ROUTE = "POST webhooks/:id/:token";
const NAME_LIMIT = 80;

const executeBody = z.object({
  content: z.string().default(""),
  username: z.string().optional(),
  avatar_url: z.string().optional(),
  allowed_mentions: allowedMentions.optional(),
  attachments: attachmentsField,
  flags: z.int().default(0),
  thread_name: z.string().min(1).max(100).optional(),
  tts: z.boolean().optional(),
  /** Ignored, as Discord does: https://github.com/discord/discord-api-docs/discussions/6647 */
  nonce: z.union([z.string(), z.int()]).optional(),
  enforce_nonce: z.boolean().optional(),
});
type ExecuteBody = z.infer<typeof executeBody>;

/** Throws 50035 for a name that Discord does not let a webhook have. */
export function checkName(field: string, name: string): void {
  if (name.length < 1 || name.length > NAME_LIMIT) {
    throw invalid(field, "BASE_TYPE_BAD_LENGTH", `Must be between 1 and ${NAME_LIMIT} in length.`);
  }
  const lower = name.toLowerCase();
  for (const part of ["clyde", "discord"]) {
    if (!lower.includes(part)) continue;
    throw invalid(field, "USERNAME_INVALID_CONTAINS", `Username cannot contain "${part}"`);
  }
  if (lower === "everyone" || lower === "here") {
    throw invalid(field, "USERNAME_INVALID", `Username cannot be "${lower}"`);
  }
}

/** The webhook's channel, or the thread of it that `thread_id` names. */
export function threadOf(world: World, webhook: Webhook, call: Call): Channel {
  const id = call.query.get("thread_id");
  if (id === null) return webhook.channel;
  if (!isSnowflake(id)) {
    throw invalid("thread_id", "NUMBER_TYPE_COERCE", `Value "${id}" is not snowflake.`);
  }
  const thread = world.threads.get(id);
  if (thread?.parent !== webhook.channel) throw refuse(Code.UnknownChannel);
  return thread;
}

/** `POST webhooks/:id/:token`: posts as the webhook. Whether the answer has a body depends on `wait`. */
export function executeWebhook(backend: Backend, webhook: Webhook, call: Call): APIMessage {
  const { world } = backend;
  const body = parseBody(executeBody, call.body, ROUTE);
  check(body, call.files.length > 0);
  checkUploads(call.files);
  const channel = placeFor(world, webhook, call, body.thread_name);
  const author: User = {
    id: webhook.id,
    kind: "webhook",
    username: body.username?.trim() ?? webhook.name,
    globalName: null,
    nick: null,
    madeBy: webhook.madeBy,
    ...(body.avatar_url === undefined ? {} : { avatarUrl: body.avatar_url }),
  };
  const mentions = allow(mentionsIn(body.content), body.allowed_mentions, undefined);
  const message = post(world, channel, author, {
    ...body,
    mentions,
    attachments: attach(world, channel, call.files, body.attachments),
  });
  if (webhook.madeBy === world.bot) {
    backend.posts.push({
      id: message.id,
      ...placeOf(message.channel),
      text: body.content,
      at: writtenAt(message),
      pings: pingsOf(mentions),
      persona: {
        name: author.username,
        ...(body.avatar_url === undefined ? {} : { avatarUrl: body.avatar_url }),
      },
      body: call.body,
    });
  }
  return messagePayload(world, message);
}

function post(
  world: World,
  channel: Channel,
  author: User,
  {
    content,
    mentions,
    flags,
    thread_name,
    attachments,
  }: Omit<ExecuteBody, "attachments"> & Pick<Message, "mentions" | "attachments">,
): Message {
  const text = content.trim();
  if (thread_name === undefined || channel.kind === "thread") {
    return world.post({ channel, author, content: text, mentions, flags, attachments });
  }
  const thread = world.openPost(channel, thread_name, author, text, {
    mentions,
    flags,
    attachments,
  });
  const first = thread.messages.get(thread.id);
  if (!first) throw new Error("a post has a first message");
  return first;
}

function check(
  { content, username, avatar_url, allowed_mentions, flags }: ExecuteBody,
  hasFiles: boolean,
): void {
  if (username !== undefined) checkName("username", username.trim());
  if (avatar_url !== undefined && !/^https?:\/\/\S+$/.test(avatar_url)) {
    throw invalid("avatar_url", "URL_TYPE_INVALID_URL", "Not a well formed URL.");
  }
  checkContent(content, allowed_mentions);
  if (content.trim() === "" && !hasFiles) throw refuse(Code.CannotSendAnEmptyMessage);
  if ((flags & ~FLAGS) !== 0) throw new NotImplemented(`${ROUTE} with flags ${flags}`);
}

/** Where to post: in the channel, in a thread of it, or as a new post of the forum. */
function placeFor(
  world: World,
  webhook: Webhook,
  call: Call,
  threadName: string | undefined,
): Channel {
  const channel = threadOf(world, webhook, call);
  if (channel.kind === "thread") {
    if (threadName !== undefined) {
      throw refuse(Code.WebhooksPostedToForumChannelsCannotHaveBothAThreadNameAndThreadId);
    }
    if (channel.locked) throw refuse(Code.ThreadLocked);
    return channel;
  }
  if (channel.forum && threadName === undefined) {
    throw refuse(Code.WebhooksPostedToForumChannelsMustHaveAThreadNameOrThreadId);
  }
  if (!channel.forum && threadName !== undefined) {
    throw refuse(Code.WebhooksCanOnlyCreateThreadsInForumChannels);
  }
  return channel;
}
