import { fileJson } from "../web_api/file_methods.ts";
import type { Channel, Message, WorkspaceChange } from "../workspace/workspace.ts";

/** The ids of the workspace and of the bridge's app. */
export interface AppIdentity {
  readonly teamId: string;
  readonly appId: string;
  /** The bot's user id. */
  readonly botId: string;
  /** The app's bot id (`B…`), which posts carry as `bot_id`. */
  readonly botProfileId: string;
}

/** The events that the app is subscribed to. */
export type Subscription =
  "message.channels" | "message.groups" | "app_mention" | "reaction_added" | "reaction_removed";

type Json = Readonly<Record<string, unknown>>;

/** How many people Slack names of those who reacted. It does not say how many. */
const NAMED = 3;

/**
 * A message as Slack's API and events carry it, with people by id. `withMetadata` as in `include_all_metadata`. With
 * `channel` (in history, not in events), a root carries the count of its replies. `withReactions`: for an app with the
 * scope.
 */
export function messageJson(
  message: Message,
  teamId: string,
  options: {
    readonly withMetadata?: boolean;
    readonly withReactions?: boolean;
    readonly channel?: Channel;
  } = {},
): Json {
  const { edited, blocks, attachments, files, metadata } = message;
  return {
    type: "message",
    ...(message.tombstone && { subtype: "tombstone", hidden: true }),
    ...(files && { subtype: "file_share", upload: false }),
    ...(message.broadcast && { subtype: "thread_broadcast" }),
    ...authorJson(message, teamId),
    text: message.text,
    ts: message.ts,
    team: teamId,
    ...(message.clientMsgId !== undefined && { client_msg_id: message.clientMsgId }),
    ...(message.threadTs !== undefined && { thread_ts: message.threadTs }),
    ...(edited && { edited }),
    ...(blocks && { blocks }),
    ...(attachments && { attachments }),
    ...(files && { files: files.map((file) => fileJson(file, file.at === "here")) }),
    ...(options.withMetadata && metadata !== undefined && { metadata }),
    ...(options.withReactions &&
      (message.reactions ?? []).length > 0 && {
        reactions: message.reactions?.map(({ name, users }) => ({
          name,
          count: users.length,
          users: users.slice(0, NAMED),
        })),
      }),
    ...(options.channel && threadJson(options.channel, message)),
  };
}

/** A message under another name and picture is a `bot_message`: it has those, and no user. */
function authorJson({ author, persona, tombstone, broadcast }: Message, teamId: string): Json {
  const { app } = author;
  if (tombstone) return { user: "USLACKBOT" };
  if (!app) return { user: author.id };
  const { botId: bot_id, appId: app_id } = app;
  if (persona) {
    return {
      ...(!broadcast && { subtype: "bot_message" }),
      username: persona.name ?? author.name,
      ...(persona.avatarUrl !== undefined && { icons: { image_48: persona.avatarUrl } }),
      bot_id,
      app_id,
    };
  }
  const profile = { user_id: author.id, name: author.name, team_id: teamId, deleted: false };
  return { user: author.id, bot_id, app_id, bot_profile: { id: bot_id, app_id, ...profile } };
}

/** Who a thread's fields say wrote a message. */
function writerOf({ author, persona }: Message): string {
  return persona && author.app ? author.app.botId : author.id;
}

function threadJson(channel: Channel, message: Message): Json {
  if (message.threadTs !== undefined) {
    const root = channel.messages.get(message.threadTs);
    return root && !root.persona ? { parent_user_id: root.author.id } : {};
  }
  const replies = channel.replies.get(message.ts);
  if (!replies) return {};
  const messages = replies.flatMap((ts) => channel.messages.get(ts) ?? []);
  const users = new Set(messages.map(writerOf));
  return {
    thread_ts: message.ts,
    reply_count: replies.length,
    reply_users: [...users],
    reply_users_count: users.size,
    latest_reply: replies.at(-1),
  };
}

/** The events Slack sends the app for a change. None if it is not in the channel or not subscribed. */
export function eventsOf(
  change: WorkspaceChange,
  app: AppIdentity,
  subscriptions: ReadonlySet<Subscription>,
): Json[] {
  const { channel } = change;
  if (!channel.botIsMember) return [];
  if (change.kind === "reacted") {
    const type = change.isAdded ? "reaction_added" : "reaction_removed";
    return subscriptions.has(type) ? [reactionEvent(type, change)] : [];
  }
  const events: Json[] = [];
  if (subscriptions.has(channel.isPrivate ? "message.groups" : "message.channels")) {
    events.push(messageEvent(change, app.teamId));
  }
  if (
    change.kind === "posted" &&
    subscriptions.has("app_mention") &&
    change.message.author.id !== app.botId &&
    change.message.text.includes(`<@${app.botId}>`)
  ) {
    const { subtype: _subtype, ...mention } = messageJson(change.message, app.teamId);
    events.push({ ...mention, type: "app_mention", channel: channel.id, event_ts: change.ts });
  }
  return events;
}

type Reacted = Extract<WorkspaceChange, { readonly kind: "reacted" }>;

/** docs.slack.dev/reference/events/reaction_added. A post under another name has no user, so no `item_user`. */
function reactionEvent(type: string, { channel, ts, message, by, name }: Reacted): Json {
  return {
    type,
    user: by.id,
    reaction: name,
    item: { type: "message", channel: channel.id, ts: message.ts },
    ...(!message.persona && { item_user: message.author.id }),
    event_ts: ts,
  };
}

function messageEvent(change: Exclude<WorkspaceChange, Reacted>, teamId: string): Json {
  const { channel, ts } = change;
  const place = {
    channel: channel.id,
    channel_type: channel.isPrivate ? "group" : "channel",
    event_ts: ts,
  };
  switch (change.kind) {
    case "posted": {
      const { message } = change;
      const root =
        message.threadTs === undefined ? undefined : channel.messages.get(message.threadTs);
      return {
        ...messageJson(message, teamId),
        ...(root && !root.persona && { parent_user_id: root.author.id }),
        ...(root && message.broadcast && { root: messageJson(root, teamId, { channel }) }),
        ...place,
      };
    }
    case "changed":
      return {
        type: "message",
        subtype: "message_changed",
        hidden: true,
        message: messageJson(change.message, teamId, { channel }),
        previous_message: messageJson(change.previous, teamId, { channel }),
        ts,
        ...place,
      };
    case "removed":
      return {
        type: "message",
        subtype: "message_deleted",
        hidden: true,
        deleted_ts: change.previous.ts,
        previous_message: messageJson(change.previous, teamId, { channel }),
        ts,
        ...place,
      };
  }
}

/** Wraps an event as the Events API delivers it. A redelivery has the same `event_id`. */
export function eventPayload(
  event: Json,
  eventId: string,
  seconds: number,
  app: AppIdentity,
): Json {
  return {
    token: "unused-in-socket-mode",
    team_id: app.teamId,
    context_team_id: app.teamId,
    context_enterprise_id: null,
    api_app_id: app.appId,
    event,
    type: "event_callback",
    event_id: eventId,
    event_time: seconds,
    authorizations: [
      {
        enterprise_id: null,
        team_id: app.teamId,
        user_id: app.botId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
    event_context: `4-${eventId}`,
  };
}
