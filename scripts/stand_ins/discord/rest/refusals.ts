import { RESTJSONErrorCodes as Code } from "discord-api-types/v10";

/** An error response in Discord's form (Discord docs, "Opcodes and Status Codes"). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: { readonly message: string; readonly code: number; readonly errors?: unknown },
  ) {
    super(body.message);
    this.name = "Refusal";
  }
}

const table = new Map<number, { status: number; message: string }>([
  [Code.UnknownChannel, { status: 404, message: "Unknown Channel" }],
  [Code.UnknownGuild, { status: 404, message: "Unknown Guild" }],
  [Code.UnknownMember, { status: 404, message: "Unknown Member" }],
  [Code.UnknownWebhook, { status: 404, message: "Unknown Webhook" }],
  [Code.InvalidWebhookToken, { status: 401, message: "Invalid Webhook Token" }],
  [
    Code.MaximumNumberOfWebhooksReached,
    { status: 400, message: "Maximum number of webhooks reached (15)" },
  ],
  [
    Code.WebhooksPostedToForumChannelsMustHaveAThreadNameOrThreadId,
    {
      status: 400,
      message: "Webhooks posted to forum channels must have a thread_name or thread_id",
    },
  ],
  [
    Code.WebhooksPostedToForumChannelsCannotHaveBothAThreadNameAndThreadId,
    {
      status: 400,
      message: "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
    },
  ],
  [
    Code.WebhooksCanOnlyCreateThreadsInForumChannels,
    { status: 400, message: "Webhooks can only create threads in forum channels" },
  ],
  [Code.RequestEntityTooLarge, { status: 413, message: "Request entity too large" }],
  [Code.UnknownMessage, { status: 404, message: "Unknown Message" }],
  [Code.MissingAccess, { status: 403, message: "Missing Access" }],
  [
    Code.CannotEditMessageAuthoredByAnotherUser,
    { status: 403, message: "Cannot edit a message authored by another user" },
  ],
  [Code.CannotSendAnEmptyMessage, { status: 400, message: "Cannot send an empty message" }],
  [Code.MissingPermissions, { status: 403, message: "Missing Permissions" }],
  [
    Code.CannotExecuteActionOnThisChannelType,
    { status: 400, message: "Cannot execute action on this channel type" },
  ],
  [
    Code.CannotReplyWithoutPermissionToReadMessageHistory,
    { status: 400, message: "Cannot reply without permission to read message history" },
  ],
  [
    Code.ThreadAlreadyCreatedForMessage,
    { status: 400, message: "A thread has already been created for this message" },
  ],
  [Code.ThreadLocked, { status: 400, message: "Thread is locked" }],
]);

/** The error response of one of Discord's codes. Status 400 for codes that the table does not list. */
export function refuse(code: number): Refusal {
  const { status, message } = table.get(code) ?? { status: 400, message: `Error ${code}` };
  return new Refusal(status, { message, code });
}

/** `50035 Invalid Form Body`, with the field at fault: a path with dots. */
export function invalid(field: string, code: string, message: string): Refusal {
  return new Refusal(400, {
    message: "Invalid Form Body",
    code: Code.InvalidFormBodyOrContentType,
    errors: field
      .split(".")
      .reduceRight<unknown>((inner, part) => ({ [part]: inner }), { _errors: [{ code, message }] }),
  });
}

/** An error response without a code of its own: `{ "message": "401: Unauthorized", "code": 0 }`. */
export function plain(status: number, text: string): Refusal {
  return new Refusal(status, { message: `${status}: ${text}`, code: 0 });
}

/** A route or a field the stand-in doesn't implement. It is recorded as well: see `Wire.refused`. */
export class NotImplemented extends Error {
  constructor(readonly what: string) {
    super(`the Discord stand-in does not implement ${what}`);
    this.name = "NotImplemented";
  }
}
