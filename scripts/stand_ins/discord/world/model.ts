import type { APIAttachment, APIEmbed, APIStickerItem, MessageType } from "discord-api-types/v10";
import type { Mentions } from "./mentions.ts";
import type { MessageLog } from "./message_log.ts";

/**
 * An author. `self` is the bridge's bot, `app` another bot; a `webhook` has its webhook's id, the name and picture of one
 * message, and no membership.
 */
export interface User {
  readonly id: string;
  readonly kind: "self" | "person" | "app" | "webhook";
  readonly username: string;
  /** What people see, unless the guild has a nickname. */
  readonly globalName: string | null;
  readonly nick: string | null;
  /** The picture that a webhook was given for the message. */
  readonly avatarUrl?: string;
  /** Who made the webhook. */
  readonly madeBy?: User;
}

/** An incoming webhook of a channel. Whoever knows its token may post with it. */
export interface Webhook {
  readonly id: string;
  readonly token: string;
  readonly channel: TextChannel;
  readonly name: string;
  /** A webhook of a person belongs to no application. */
  readonly madeBy: User;
}

export interface Role {
  readonly id: string;
  readonly name: string;
}

/** The permissions the bot is denied in a channel and its threads. */
export interface Denied {
  readonly view?: boolean;
  readonly send?: boolean;
  readonly history?: boolean;
  /** Create Public Threads. */
  readonly threads?: boolean;
  /** Attach Files. */
  readonly files?: boolean;
  /** Manage Webhooks. */
  readonly webhooks?: boolean;
}

export interface TextChannel {
  readonly kind: "text";
  /** Contains only posts, each of which is a thread. */
  readonly forum?: true;
  readonly id: string;
  name: string;
  denied: Denied;
  readonly messages: MessageLog<Message>;
}

/** A public thread. One opened on a message has that message's id. */
export interface Thread {
  readonly kind: "thread";
  readonly id: string;
  name: string;
  readonly parent: TextChannel;
  readonly ownerId: string;
  readonly openedAt: number;
  archived: boolean;
  archiveChangedAt: number;
  locked: boolean;
  /** Private, without the bot as a member. Its events are not sent. */
  hidden?: true;
  readonly messages: MessageLog<Message>;
}

export type Channel = TextChannel | Thread;

/** `id`: of an emoji of the server's own. */
export interface Emoji {
  readonly id: string | null;
  readonly name: string;
}

export interface MessageReaction {
  readonly emoji: Emoji;
  /** Ids of who reacted. */
  readonly users: Set<string>;
}

export interface Message {
  readonly id: string;
  readonly channel: Channel;
  readonly author: User;
  readonly type: MessageType;
  content: string;
  editedAt: number | undefined;
  flags: number;
  embeds: readonly APIEmbed[];
  attachments: readonly APIAttachment[];
  readonly stickers: readonly APIStickerItem[];
  mentions: Mentions;
  reactions: readonly MessageReaction[];
  readonly reference: { readonly channelId: string; readonly messageId: string } | undefined;
}

/** The bot's relation to the guild. `away`: an outage; `out`: the bot was removed from it. */
export type Presence = "in" | "away" | "out";

/** A change in the guild. The gateway and the stand-in's listeners receive it. */
export type WorldEvent =
  | { readonly kind: "messageCreated"; readonly message: Message; readonly nonce?: string | number }
  /** `visible`: the text changed. Otherwise an embed was added or a thread opened on it. */
  | { readonly kind: "messageUpdated"; readonly message: Message; readonly visible: boolean }
  | { readonly kind: "messageDeleted"; readonly message: Message }
  | {
      readonly kind: "messagesDeleted";
      readonly channel: Channel;
      readonly messages: readonly Message[];
    }
  | {
      readonly kind: "reactionAdded" | "reactionRemoved";
      readonly message: Message;
      readonly emoji: Emoji;
      readonly user: User;
    }
  | { readonly kind: "reactionsCleared"; readonly message: Message }
  | { readonly kind: "emojiCleared"; readonly message: Message; readonly emoji: Emoji }
  | { readonly kind: "channelCreated" | "channelUpdated"; readonly channel: TextChannel }
  | { readonly kind: "channelDeleted" | "webhooksUpdated"; readonly channel: TextChannel }
  | { readonly kind: "accessGained"; readonly channel: TextChannel }
  | { readonly kind: "guildChanged"; readonly presence: Presence }
  | { readonly kind: "threadCreated" | "threadUpdated" | "threadDeleted"; readonly thread: Thread };

/** The text channel that a channel or thread belongs to. Permissions are set on it. */
export function rootOf(channel: Channel): TextChannel {
  return channel.kind === "text" ? channel : channel.parent;
}

/** The application that owns a webhook or a webhook's message. An application has the id of its bot. */
export function applicationOf({ madeBy }: Pick<User, "madeBy">): string | undefined {
  return madeBy && madeBy.kind !== "person" ? madeBy.id : undefined;
}

export function displayName(user: User): string {
  return user.nick ?? user.globalName ?? user.username;
}
