import { cut } from "../../../convex/model/shared/text.ts";
import type { BridgeEvent, MappingId, MessageEvent } from "../../platform.ts";
import { contentOf, isDeleted } from "./content.ts";
import { fileAddress } from "./files.ts";
import { isUnfurl } from "./markdown/attachments.ts";
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

/** Written by a person. Other kinds are an app's, or Slack's in an app's name. */
const PEOPLES = new Set(["file_share", "me_message", "thread_broadcast", "file_comment"]);
const APPS = new Set([
  ...["bot_message", "slackbot_response", "huddle_thread", "reminder_add"],
  ...["assistant_app_thread", "document_mention", "file_mention"],
]);

/** Of Slack, about joins, topics, pins, …, or repeating a reply: https://docs.slack.dev/reference/events/message */
const NOTICES = new Set([
  ...["message_replied", "tombstone", "ekm_access_denied", "sh_room_created"],
  ...["channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name"],
  ...["channel_archive", "channel_unarchive", "channel_posting_permissions"],
  ...["channel_convert_to_private", "channel_convert_to_public"],
  ...["group_join", "group_leave", "group_topic", "group_purpose", "group_name"],
  ...["group_archive", "group_unarchive", "pinned_item", "unpinned_item"],
  ...["bot_add", "bot_remove", "bot_enable", "bot_disable", "joiner_notification"],
  ...["reply_broadcast", "channel_canvas_updated", "tabbed_canvas_updated"],
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
  if (isOwn(message, context) || NOTICES.has(message.subtype ?? "")) return undefined;
  // What a new kind says is not lost.
  if (countUnknown(message, context) && isWordless(message)) return undefined;
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
    attachments: filesOf(message, context),
    ...(replyTo === undefined ? {} : { replyTo }),
    sentAt: toMillis(ts),
    ...(edited === undefined ? {} : { editedAt: toMillis(edited.ts) }),
  };
}

/** Whether it is of an unknown kind, which is counted. */
function countUnknown({ subtype }: SlackMessage, { unknown }: SlackContext): boolean {
  if (subtype === undefined) return false;
  if ([PEOPLES, APPS, NOTICES].some((kinds) => kinds.has(subtype))) return false;
  unknown?.(`message ${subtype}`);
  return true;
}

function isWordless({ text = "", blocks = [], attachments = [], files = [] }: SlackMessage) {
  return text === "" && [blocks, attachments, files].every(({ length }) => length === 0);
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
  if (!isEdit(message, event.previous_message)) return undefined;
  // `edited.ts` may have only seconds; the event's own time keeps two edits within a second in order.
  const edited = { ts: event.event_ts ?? event.ts };
  return normaliseMessage({ ...message, edited }, context);
}

/** False for the changes that Slack sends when it adds a link preview or counts replies. */
function isEdit(message: SlackMessage, previous: SlackMessage | undefined): boolean {
  const { edited } = message;
  if (edited !== undefined && edited.ts !== previous?.edited?.ts) return true;
  // What an app changes, as when its answer grows, is not always marked as edited.
  if (previous === undefined) return isFromApp(message);
  return message.text !== previous.text || writtenIn(message) !== writtenIn(previous);
}

/** What its author wrote: without what is added for links. Only apps write attachments. */
function writtenIn(message: SlackMessage): string {
  const { files = [] } = message;
  const attachments = isFromApp(message)
    ? message.attachments?.filter((each) => !isUnfurl(each))
    : undefined;
  const { content } = contentOf({ ...message, attachments }, undefined, () => {});
  return JSON.stringify([content, files.map(({ id, mode }) => [id, mode])]);
}

function isOwn(message: SlackMessage, context: SlackContext): boolean {
  const appId = message.app_id ?? message.bot_profile?.app_id;
  return (
    message.user === context.botUserId ||
    message.bot_id === context.botId ||
    (appId !== undefined && appId === context.appId)
  );
}

function isFromApp({ subtype, bot_id: bot, user }: SlackMessage): boolean {
  return bot !== undefined || user === SLACKBOT || (subtype !== undefined && !PEOPLES.has(subtype));
}

/** Events have the names of integrations, and of people only if they are from another organization. */
function authorOf(message: SlackMessage, context: SlackContext): MessageEvent["author"] {
  const workspaceId = message.user_team ?? message.team ?? context.teamId;
  const user = message.user ?? message.comment?.user;
  if (user !== undefined) {
    const { display_name, real_name, name } = message.user_profile ?? {};
    const shown = [display_name, real_name, name].find(Boolean);
    return { externalId: user, workspaceId, ...(shown && { name: cut(shown, 200) }) };
  }
  const name = message.username ?? message.bot_profile?.name;
  const bot = message.bot_id ?? "unknown";
  return {
    // A relay posts under one id for many people, each with a name of their own.
    externalId: message.username === undefined ? bot : `${bot} ${message.username}`,
    workspaceId,
    ...(name === undefined ? {} : { name }),
  };
}

function filesOf({ files = [] }: SlackMessage, { teamId }: SlackContext) {
  return files
    .filter((file) => !isDeleted(file))
    .map((file) => {
      const { id = "", mimetype, size } = file;
      const [name = "file"] = [file.name, file.title, id].filter(Boolean);
      // The page that people open. `url_private` needs a token.
      const [url = fileAddress(teamId, id)] = [file.permalink, file.url_private].filter(Boolean);
      return {
        // Slack has no more of a file of another service than its address there.
        ...(id === "" || file.mode === "external" ? {} : { id }),
        name,
        ...(mimetype === undefined ? {} : { type: mimetype }),
        ...(size === undefined ? {} : { size }),
        url,
      };
    });
}
