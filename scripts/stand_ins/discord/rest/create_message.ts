import { MessageType, RESTJSONErrorCodes as Code, type APIMessage } from "discord-api-types/v10";
import { z } from "zod";
import { placeOf, type Backend } from "../backend.ts";
import { attach, attachmentsField, checkUploads } from "../cdn/uploads.ts";
import type { Call } from "./call.ts";
import { allow, mentionsIn, pingsOf } from "../world/mentions.ts";
import { messagePayload } from "../payloads/message_payloads.ts";
import type { Channel } from "../world/model.ts";
import { invalid, NotImplemented, refuse } from "./refusals.ts";
import { isDenied, writtenAt } from "../world/world.ts";

/** Longest message of a bot, in UTF-16 units: the strictest reading of Discord's "characters". */
const BOT_LIMIT = 2_000;
const NONCE_LIMIT = 25;

const snowflakes = z.array(z.string());
export const allowedMentions = z.object({
  parse: z.array(z.enum(["users", "roles", "everyone"])).optional(),
  users: snowflakes.optional(),
  roles: snowflakes.optional(),
  replied_user: z.boolean().optional(),
});

const createBody = z.object({
  content: z.string().default(""),
  nonce: z.union([z.string(), z.int()]).optional(),
  enforce_nonce: z.boolean().default(false),
  tts: z.boolean().optional(),
  flags: z.int().default(0),
  allowed_mentions: allowedMentions.optional(),
  attachments: attachmentsField,
  message_reference: z
    .object({
      type: z.int().optional(),
      message_id: z.string(),
      channel_id: z.string().optional(),
      guild_id: z.string().optional(),
      fail_if_not_exists: z.boolean().default(true),
    })
    .optional(),
});
type CreateBody = z.infer<typeof createBody>;

/** The flags a bot may set on a message it creates: SUPPRESS_EMBEDS and SUPPRESS_NOTIFICATIONS. */
export const FLAGS = (1 << 2) | (1 << 12);

/** Parses a body. An empty list says nothing, but of the files to keep. Throws 50035 where Discord would return it, and `NotImplemented` for unknown fields. */
export function parseBody<T extends z.ZodRawShape>(
  schema: z.ZodObject<T>,
  raw: unknown,
  route: string,
): z.infer<z.ZodObject<T>> {
  const body = z.record(z.string(), z.unknown()).safeParse(raw);
  if (!body.success) throw invalid("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used.");
  const given = Object.entries(body.data).filter(
    ([key, value]) =>
      value !== null && !(Array.isArray(value) && value.length === 0 && key !== "attachments"),
  );
  for (const [key] of given) {
    if (!(key in schema.shape)) throw new NotImplemented(`${route} with "${key}"`);
  }
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(String(issue?.path[0] ?? "_"), "BASE_TYPE_BAD", issue?.message ?? "Invalid value.");
}

/** Throws 50035 when the content is too long or `allowed_mentions` contradicts itself. */
export function checkContent(
  content: string,
  allowed: z.infer<typeof allowedMentions> | undefined,
  path = "",
) {
  if (content.length > BOT_LIMIT) {
    throw invalid(
      `${path}content`,
      "BASE_TYPE_MAX_LENGTH",
      `Must be ${BOT_LIMIT} or fewer in length.`,
    );
  }
  for (const kind of ["users", "roles"] as const) {
    if (allowed?.parse?.includes(kind) && (allowed[kind]?.length ?? 0) > 0) {
      throw invalid(
        `${path}allowed_mentions`,
        "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`,
      );
    }
  }
}

/** `POST channels/:id/messages`: creates the message, or returns the one that its nonce created. */
export function createMessage(
  backend: Backend,
  channel: Channel,
  { body: raw, files }: Pick<Call, "body" | "files">,
): APIMessage {
  const { world } = backend;
  if (isDenied(channel, "send")) throw refuse(Code.MissingPermissions);
  if (files.length > 0 && isDenied(channel, "files")) throw refuse(Code.MissingPermissions);
  const body = parseBody(createBody, raw, "POST channels/:id/messages");
  check(body, files.length > 0);
  checkUploads(files);
  if (body.nonce !== undefined && body.enforce_nonce) {
    const earlier = backend.nonces.find(world.bot.id, body.nonce);
    if (earlier) {
      // Deleted since: Discord still remembers the nonce, but not the message.
      if (!earlier.channel.messages.get(earlier.id)) throw refuse(Code.UnknownMessage);
      return { ...messagePayload(world, earlier), nonce: body.nonce };
    }
  }
  if (channel.kind === "thread" && channel.locked) throw refuse(Code.ThreadLocked);
  const reference = referenceOf(channel, body);
  const repliedTo = reference && channel.messages.get(reference.messageId)?.author.id;
  // Discord trims what it stores.
  const content = body.content.trim();
  const mentions = allow(mentionsIn(content), body.allowed_mentions, repliedTo);
  const message = world.post({
    channel,
    author: world.bot,
    content,
    mentions,
    flags: body.flags,
    attachments: attach(world, channel, files, body.attachments),
    ...(reference ? { reference } : {}),
    ...(body.nonce === undefined ? {} : { nonce: body.nonce }),
  });
  if (body.nonce !== undefined) backend.nonces.keep(world.bot.id, body.nonce, message);
  backend.posts.push({
    id: message.id,
    ...placeOf(channel),
    text: body.content,
    at: writtenAt(message),
    ...(body.nonce === undefined ? {} : { nonce: String(body.nonce) }),
    ...(reference ? { replyTo: reference.messageId } : {}),
    pings: pingsOf(mentions),
    body: raw,
  });
  return {
    ...messagePayload(world, message),
    ...(body.nonce === undefined ? {} : { nonce: body.nonce }),
  };
}

function check(body: CreateBody, hasFiles: boolean): void {
  checkContent(body.content, body.allowed_mentions);
  if (body.content.trim() === "" && !hasFiles) throw refuse(Code.CannotSendAnEmptyMessage);
  if (typeof body.nonce === "string" && body.nonce.length > NONCE_LIMIT) {
    throw invalid("nonce", "NONCE_TYPE_TOO_LONG", "Nonce too long.");
  }
  if ((body.flags & ~FLAGS) !== 0) {
    throw new NotImplemented(`POST channels/:id/messages with flags ${body.flags}`);
  }
  if (body.message_reference?.type) {
    throw new NotImplemented("POST channels/:id/messages with a forward");
  }
}

/** The message replied to; undefined when it is gone and `fail_if_not_exists` is false. */
function referenceOf(channel: Channel, body: CreateBody) {
  const wanted = body.message_reference;
  if (!wanted) return undefined;
  if (isDenied(channel, "history")) {
    throw refuse(Code.CannotReplyWithoutPermissionToReadMessageHistory);
  }
  if (wanted.channel_id !== undefined && wanted.channel_id !== channel.id) {
    throw invalid(
      "message_reference",
      "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
      "Cannot reply to a message in a different channel",
    );
  }
  const target = channel.messages.get(wanted.message_id);
  if (!target) {
    if (!wanted.fail_if_not_exists) return undefined;
    throw invalid("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message");
  }
  if (target.type === MessageType.ThreadStarterMessage) {
    throw invalid(
      "message_reference",
      "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE",
      "Cannot reply to a system message",
    );
  }
  return { channelId: channel.id, messageId: target.id };
}
