import {
  MessageFlags,
  MessageType,
  type APIAttachment,
  type APIEmbed,
  type APIStickerItem,
} from "discord-api-types/v10";
import { randomBytes } from "node:crypto";
import { Listeners, type Wire } from "../../wire.ts";
import { Cdn } from "../cdn/cdn.ts";
import type { Mentions } from "./mentions.ts";
import { MessageLog } from "./message_log.ts";
import {
  rootOf,
  type Channel,
  type Denied,
  type Message,
  type Presence,
  type Role,
  type TextChannel,
  type Thread,
  type User,
  type Webhook,
  type WorldEvent,
} from "./model.ts";
import { Snowflakes, timeOf } from "./snowflakes.ts";

const NO_MENTIONS: Mentions = { users: [], roles: [], everyone: false, here: false };

/** A message to create. The caller has checked that it is allowed. */
export interface Draft {
  /** Default: the next id. */
  readonly id?: string;
  readonly channel: Channel;
  readonly author: User;
  readonly content: string;
  readonly mentions: Mentions;
  readonly type?: MessageType;
  readonly flags?: number;
  readonly reference?: { readonly channelId: string; readonly messageId: string };
  readonly attachments?: readonly APIAttachment[];
  readonly embeds?: readonly APIEmbed[];
  readonly stickers?: readonly APIStickerItem[];
  readonly nonce?: string | number;
}

/** One guild: its channels, people and messages. Every change is emitted to `events` before the call returns. */
export class World {
  readonly ids = new Snowflakes();
  readonly events = new Listeners<WorldEvent>();
  readonly guild = { id: this.ids.next(), name: "Playground" };
  readonly users = new Map<string, User>();
  readonly roles = new Map<string, Role>();
  readonly channels = new Map<string, TextChannel>();
  readonly threads = new Map<string, Thread>();
  readonly webhooks = new Map<string, Webhook>();
  readonly cdn: Cdn;
  readonly owner = this.addUser("person", "Owner");
  readonly bot = this.addUser("self", "Bridge");

  presence: Presence = "in";

  constructor(wire: Wire) {
    this.cdn = new Cdn(this, wire);
  }

  setPresence(presence: Presence): void {
    this.presence = presence;
    this.events.emit({ kind: "guildChanged", presence });
  }

  addUser(kind: User["kind"], name: string, nick: string | null = null): User {
    const user: User = {
      id: this.ids.next(),
      kind,
      username: name.toLowerCase().replace(/[^a-z0-9_.]+/g, "_"),
      globalName: kind === "person" ? name : null,
      nick,
    };
    // Apps and webhooks are shown under their names as given.
    const added = kind === "person" ? user : { ...user, username: name };
    this.users.set(added.id, added);
    return added;
  }

  /** Changes a person's nickname. Messages show the new one from now on. */
  rename(user: User, nick: string): void {
    this.users.set(user.id, { ...user, nick });
  }

  addRole(name: string): Role {
    const role = { id: this.ids.next(), name };
    this.roles.set(role.id, role);
    return role;
  }

  addChannel(name: string, options: { readonly forum?: true } = {}): TextChannel {
    const channel: TextChannel = {
      kind: "text",
      ...options,
      id: this.ids.next(),
      name,
      denied: {},
      messages: new MessageLog(),
    };
    this.channels.set(channel.id, channel);
    this.events.emit({ kind: "channelCreated", channel });
    return channel;
  }

  renameChannel(channel: TextChannel, name: string): void {
    channel.name = name;
    this.events.emit({ kind: "channelUpdated", channel });
  }

  removeChannel(channel: TextChannel): void {
    this.channels.delete(channel.id);
    for (const thread of this.threadsOf(channel)) this.threads.delete(thread.id);
    for (const webhook of this.webhooksOf(channel)) this.webhooks.delete(webhook.id);
    this.events.emit({ kind: "channelDeleted", channel });
  }

  /** Replaces the permissions the bot is denied in a channel, which changes its permission overwrites. */
  deny(channel: TextChannel, denied: Denied): void {
    const gained = (channel.denied.view ?? false) && !(denied.view ?? false);
    channel.denied = denied;
    this.events.emit({ kind: "channelUpdated", channel });
    if (gained) this.events.emit({ kind: "accessGained", channel });
  }

  find(id: string): Channel | undefined {
    return this.channels.get(id) ?? this.threads.get(id);
  }

  threadsOf(channel: TextChannel): Thread[] {
    return [...this.threads.values()].filter((thread) => thread.parent === channel);
  }

  webhooksOf(channel: TextChannel): Webhook[] {
    return [...this.webhooks.values()].filter((webhook) => webhook.channel === channel);
  }

  addWebhook(channel: TextChannel, name: string, madeBy: User): Webhook {
    const token = randomBytes(51).toString("base64url");
    const webhook = { id: this.ids.next(), token, channel, name, madeBy };
    this.webhooks.set(webhook.id, webhook);
    this.events.emit({ kind: "webhooksUpdated", channel });
    return webhook;
  }

  removeWebhook({ id, channel }: Webhook): void {
    this.webhooks.delete(id);
    this.events.emit({ kind: "webhooksUpdated", channel });
  }

  post(draft: Draft): Message {
    if (draft.channel.kind === "thread" && draft.channel.archived) {
      this.setArchived(draft.channel, false); // Sending unarchives (Discord docs, "Threads").
    }
    const message: Message = {
      id: draft.id ?? this.ids.next(),
      channel: draft.channel,
      author: draft.author,
      type: draft.type ?? (draft.reference ? MessageType.Reply : MessageType.Default),
      content: draft.content,
      editedAt: undefined,
      flags: draft.flags ?? 0,
      embeds: draft.embeds ?? [],
      attachments: draft.attachments ?? [],
      stickers: draft.stickers ?? [],
      mentions: draft.mentions,
      reactions: [],
      reference: draft.reference,
    };
    draft.channel.messages.append(message);
    this.events.emit({
      kind: "messageCreated",
      message,
      ...(draft.nonce === undefined ? {} : { nonce: draft.nonce }),
    });
    return message;
  }

  edit(
    message: Message,
    change: { content: string; mentions: Mentions } & Partial<
      Pick<Message, "flags" | "attachments">
    >,
  ): void {
    message.content = change.content;
    message.attachments = change.attachments ?? message.attachments;
    message.mentions = change.mentions;
    message.flags = change.flags ?? message.flags;
    message.editedAt = Math.max(Date.now(), (message.editedAt ?? 0) + 1);
    this.events.emit({ kind: "messageUpdated", message, visible: true });
  }

  /** Adds a link preview: an update that is not an edit. */
  unfurl(message: Message, embed: APIEmbed): void {
    message.embeds = [...message.embeds, embed];
    this.events.emit({ kind: "messageUpdated", message, visible: false });
  }

  remove(message: Message): void {
    message.channel.messages.remove(message.id);
    this.events.emit({ kind: "messageDeleted", message });
  }

  removeMany(channel: Channel, messages: readonly Message[]): void {
    for (const message of messages) channel.messages.remove(message.id);
    this.events.emit({ kind: "messagesDeleted", channel, messages });
  }

  /** Opens a thread on a message. The thread has the message's id and a starter message that refers to it. */
  openThread(on: Message, parent: TextChannel, name: string, owner: User): Thread {
    const thread = this.#addThread(on.id, parent, name, owner);
    on.flags |= MessageFlags.HasThread;
    this.events.emit({ kind: "threadCreated", thread });
    this.events.emit({ kind: "messageUpdated", message: on, visible: false });
    this.post({
      channel: thread,
      author: owner,
      content: "",
      mentions: NO_MENTIONS,
      type: MessageType.ThreadStarterMessage,
      reference: { channelId: parent.id, messageId: on.id },
    });
    return thread;
  }

  /** Opens a post of a forum: a thread whose first message has its id. */
  openPost(
    forum: TextChannel,
    name: string,
    owner: User,
    content: string,
    more: Partial<Pick<Draft, "mentions" | "flags" | "attachments">> = {},
  ): Thread {
    const thread = this.#addThread(this.ids.next(), forum, name, owner);
    const { id } = thread;
    this.events.emit({ kind: "threadCreated", thread });
    const first = { id, channel: thread, author: owner, content, mentions: NO_MENTIONS };
    this.post({ ...first, ...more });
    return thread;
  }

  #addThread(id: string, parent: TextChannel, name: string, owner: User): Thread {
    const now = Date.now();
    const thread: Thread = {
      kind: "thread",
      id,
      name,
      parent,
      ownerId: owner.id,
      openedAt: now,
      archived: false,
      archiveChangedAt: now,
      locked: false,
      messages: new MessageLog(),
    };
    this.threads.set(id, thread);
    return thread;
  }

  setArchived(thread: Thread, archived: boolean): void {
    thread.archived = archived;
    thread.archiveChangedAt = Date.now();
    this.events.emit({ kind: "threadUpdated", thread });
  }

  renameThread(thread: Thread, name: string): void {
    thread.name = name;
    this.events.emit({ kind: "threadUpdated", thread });
  }

  removeThread(thread: Thread): void {
    this.threads.delete(thread.id);
    this.events.emit({ kind: "threadDeleted", thread });
  }
}

/** Whether the bot is denied something in a channel or thread. */
export function isDenied(channel: Channel, what: keyof Denied): boolean {
  if (what === "view" && channel.kind === "thread" && channel.hidden) return true;
  return rootOf(channel).denied[what] ?? false;
}

/** When a message was written, in Unix milliseconds. */
export function writtenAt(message: Message): number {
  return timeOf(message.id);
}
