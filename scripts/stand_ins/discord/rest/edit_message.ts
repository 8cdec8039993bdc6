import { RESTJSONErrorCodes as Code, type APIMessage } from "discord-api-types/v10";
import type { z } from "zod";
import { attach, type attachmentsField } from "../cdn/uploads.ts";
import { messagePayload } from "../payloads/message_payloads.ts";
import { allow, mentionsIn } from "../world/mentions.ts";
import type { Message } from "../world/model.ts";
import type { World } from "../world/world.ts";
import { type allowedMentions, checkContent } from "./create_message.ts";
import type { Call } from "./call.ts";
import { refuse } from "./refusals.ts";

interface EditBody {
  readonly content?: string | undefined;
  readonly flags?: number | undefined;
  readonly allowed_mentions?: z.infer<typeof allowedMentions> | undefined;
  readonly attachments?: z.infer<typeof attachmentsField>;
}

/** Edits a message as its author, a bot or a webhook, asks. Throws where Discord would refuse. */
export function editMessage(
  world: World,
  message: Message,
  body: EditBody,
  files: Call["files"],
): APIMessage {
  const content = body.content ?? message.content;
  const { channel, attachments: existing } = message;
  const attachments = attach(world, channel, files, body.attachments, existing);
  checkContent(content, body.allowed_mentions);
  if (content.trim() === "" && attachments.length === 0)
    throw refuse(Code.CannotSendAnEmptyMessage);
  world.edit(message, {
    content: content.trim(),
    attachments,
    mentions: allow(mentionsIn(content), body.allowed_mentions, undefined),
    ...(body.flags === undefined ? {} : { flags: body.flags }),
  });
  return messagePayload(world, message);
}
