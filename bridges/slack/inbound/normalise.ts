import type { BridgeEvent, MappingId, MessageEvent } from "../../platform.ts";
import { contentOf } from "./content.ts";
import { type SlackEvent, type SlackMessage, toMillis } from "./payload.ts";

/** The bridge's own ids, which identify its posts (names never do), and the event's mapping. */
export interface SlackContext {
  readonly botUserId: string;
  readonly botId: string;
  readonly appId: string | undefined;
  readonly teamId: string;
  readonly mappingId: MappingId;
  /** The channel's id. Without it, quoted messages are not looked for. */
  readonly channel?: string;
  /** Called for each kind of message or content that the bridge does not know. */
  readonly unknown?: (kind: string) => void;
}

/** Written by a person or an app. */
const WRITTEN = new Set([
  "file_share",
  "me_message",
  "thread_broadcast",
  "bot_message",
  "huddle_thread",
]);

/** Written by Slack about joins, topics, pins, …: https://docs.slack.dev/reference/events/message */
const NOTICES = new Set([
  ...["message_replied", "tombstone", "ekm_access_denied", "reminder_add", "sh_room_created"],
  ...["channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name"],
  ...["channel_archive", "channel_unarchive", "channel_posting_permissions"],
  ...["channel_convert_to_private", "channel_convert_to_public"],
  ...["group_join", "group_leave", "group_topic", "group_purpose", "group_name"],
  ...["group_archive", "group_unarchive", "pinned_item", "unpinned_item"],
  ...["bot_add", "bot_remove", "bot_enable", "bot_disable", "assistant_app_thread"],
  ...["document_mention", "file_comment", "file_mention", "reply_broadcast", "joiner_notification"],
]);

/** Slack's own account, which events do not mark as a bot. */
const SLACKBOT = "USLACKBOT";

/**
 * Normalises a Slack message event; `undefined` if there is nothing to mirror. Pure. Throws if it does not say which
 * message was changed or deleted.
 */
export function normaliseEvent(event: SlackEvent, context: SlackContext): BridgeEvent | undefined {
  const { message, previous_message: previous } = event;
  switch (event.subtype ?? impliedSubtype(event)) {
    case "message_deleted":
      return deletion(known(event.deleted_ts ?? previous?.ts), context);
    case "message_changed":
      return change(event, known(message), context);
    case undefined:
      // The Events API drops the subtype of `message_replied`, the only event that nests a message without one.
      return isAbsent(message) ? normaliseMessage(event, context) : undefined;
    default:
      if (event.hidden !== true) return normaliseMessage(event, context);
      countUnknown(event, context);
      return undefined;
  }
}

/** The subtype of an event that has lost it: only changes have two messages, and only deletions a deleted one. */
function impliedSubtype({ message, previous_message: previous, deleted_ts: deleted }: SlackEvent) {
  if (deleted !== undefined) return "message_deleted";
  return isAbsent(message) || previous === undefined ? undefined : "message_changed";
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function known<T>(value: T | null | undefined): T {
  if (isAbsent(value)) throw new Error("an event without the message it is about");
  return value;
}

/** Normalises one message: a new one, the inner one of a change, or one of history. Pure. */
export function normaliseMessage(
  message: SlackMessage,
  context: SlackContext,
): MessageEvent | undefined {
  if (isOwn(message, context)) return undefined;
  if (message.subtype !== undefined && !WRITTEN.has(message.subtype)) {
    countUnknown(message, context);
    return undefined;
  }
  const unknown = context.unknown ?? (() => {});
  const { content, mentions, replyTo } = contentOf(message, context.channel, unknown);
  const { ts, thread_ts: root, edited } = message;
  return {
    type: "message",
    mappingId: context.mappingId,
    externalId: ts,
    position: ts,
    ...(root !== undefined && root !== ts ? { threadId: root } : {}),
    author: authorOf(message, context),
    fromApp: isFromApp(message),
    mentionsBot: mentions.some(({ kind, id }) => kind === "user" && id === context.botUserId),
    content,
    mentions,
    attachments: filesOf(message),
    ...(replyTo === undefined ? {} : { replyTo }),
    sentAt: toMillis(ts),
    ...(edited === undefined ? {} : { editedAt: toMillis(edited.ts) }),
  };
}

function countUnknown({ subtype = "" }: SlackMessage, { unknown }: SlackContext): void {
  if (!WRITTEN.has(subtype) && !NOTICES.has(subtype)) unknown?.(`message ${subtype}`);
}

function deletion(externalId: string, { mappingId }: SlackContext): BridgeEvent {
  // Own posts too: an admin may have deleted an answer.
  return { type: "delete", mappingId, externalId };
}

function change(
  event: SlackEvent,
  message: SlackMessage,
  context: SlackContext,
): BridgeEvent | undefined {
  // A deleted root with replies stays behind as a tombstone.
  if (message.subtype === "tombstone") return deletion(message.ts, context);
  if (!isUserEdit(message, event.previous_message)) return undefined;
  // `edited.ts` may have only seconds; the event's own time keeps two edits within a second in order.
  const edited = { ts: event.event_ts ?? event.ts };
  return normaliseMessage({ ...message, edited }, context);
}

/** False for the changes that Slack sends when it adds a link preview or counts replies. */
function isUserEdit(message: SlackMessage, previous: SlackMessage | undefined): boolean {
  if (message.edited === undefined) return previous !== undefined && message.text !== previous.text;
  if (previous === undefined || message.edited.ts !== previous.edited?.ts) return true;
  return message.text !== previous.text || fileIds(message) !== fileIds(previous);
}

function fileIds(message: SlackMessage): string {
  return (message.files ?? []).map((file) => `${file.id} ${file.mode}`).join();
}

function isOwn(message: SlackMessage, context: SlackContext): boolean {
  const appId = message.app_id ?? message.bot_profile?.app_id;
  return (
    message.user === context.botUserId ||
    message.bot_id === context.botId ||
    (appId !== undefined && appId === context.appId)
  );
}

function isFromApp(message: SlackMessage): boolean {
  return (
    message.subtype === "bot_message" ||
    message.subtype === "huddle_thread" ||
    message.bot_id !== undefined ||
    message.user === SLACKBOT
  );
}

/** Events have the names of integrations, but not of people. */
function authorOf(message: SlackMessage, context: SlackContext): MessageEvent["author"] {
  const workspaceId = message.user_team ?? message.team ?? context.teamId;
  if (message.user !== undefined) return { externalId: message.user, workspaceId };
  const name = message.username ?? message.bot_profile?.name;
  const bot = message.bot_id ?? "unknown";
  return {
    // A relay posts under one id for many people, each with a name of their own.
    externalId: message.username === undefined ? bot : `${bot} ${message.username}`,
    workspaceId,
    ...(name === undefined ? {} : { name }),
  };
}

function filesOf(message: SlackMessage): MessageEvent["attachments"] {
  return (message.files ?? [])
    .filter((file) => file.mode !== "tombstone")
    .map((file) => ({
      name: file.name ?? file.title ?? "file",
      ...(file.mimetype === undefined ? {} : { type: file.mimetype }),
      ...(file.size === undefined ? {} : { size: file.size }),
      // The page that people open. `url_private` needs a token.
      url: file.permalink ?? file.url_private ?? "",
    }));
}
