import { Listeners } from "../../wire.ts";
import { TsClock } from "./ts.ts";

/** A person, or the user of an app's bot (then with `app`). */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly app?: { readonly botId: string; readonly appId: string };
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
  /** Whether the bot is a member. Otherwise it gets no events and may not post. */
  botIsMember: boolean;
  archived: boolean;
  /** By ts, oldest first. A change replaces the object, so a reference keeps the earlier version. */
  readonly messages: Map<string, Message>;
  /** The ts of a root's replies that are not deleted, oldest first. */
  readonly replies: Map<string, string[]>;
  /** What the app says that it is doing, by the ts of a thread's root. `until` in ms since 1970. */
  readonly statuses: Map<string, { readonly status: string; readonly until: number }>;
}

/** A file that people share. `at`: in this workspace, or in another one, which may keep all but its id from this one. */
export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly mimetype: string;
  readonly size: number;
  readonly at: "here" | "elsewhere" | "hidden";
  /** Absent: only what is known of it is served. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** Where its private address is, without the name. */
  readonly address?: string;
  /** Where its private address redirects to. */
  readonly redirect?: string;
  /** The bot uploaded it. Until it is shared, nobody else may use it. */
  readonly byBot?: true;
  /** From when on blocks may show it, in ms since 1970. */
  readonly readyAt?: number;
}

/** A file that the bot has begun to upload. */
interface Upload {
  readonly path: string;
  readonly name: string;
  readonly length: number;
  bytes?: Uint8Array<ArrayBuffer>;
}

/** A name and picture in place of an app's own. */
export interface Persona {
  readonly name?: string;
  readonly avatarUrl?: string;
}

/** Who reacted with an emoji, by its name. */
interface Reaction {
  readonly name: string;
  readonly users: readonly string[];
}

export interface Message {
  readonly ts: string;
  readonly author: Member;
  /** The name and picture under which an app posted it. */
  readonly persona?: Persona;
  /** In the API's form: `&`, `<` and `>` escaped, `<@U…>`, `<url|label>`. */
  readonly text: string;
  /** The ts of the root of a reply. Absent on roots. */
  readonly threadTs?: string;
  /** A reply also shown in the channel. */
  readonly broadcast?: true;
  readonly blocks?: readonly Block[];
  readonly metadata?: unknown;
  readonly clientMsgId?: string;
  readonly edited?: { readonly user: string; readonly ts: string };
  readonly attachments?: readonly unknown[];
  readonly files?: readonly SharedFile[];
  readonly reactions?: readonly Reaction[];
  /** A deleted root that still has replies: Slack keeps a placeholder. */
  readonly tombstone?: true;
}

export type Block = Readonly<Record<string, unknown>> & { readonly type: string };

/** A change of a channel. `ts` is when it happened, as Slack stamps events. */
export type WorkspaceChange = { readonly channel: Channel; readonly ts: string } & (
  | { readonly kind: "posted"; readonly message: Message }
  | { readonly kind: "changed"; readonly message: Message; readonly previous: Message }
  | { readonly kind: "removed"; readonly previous: Message }
  | {
      readonly kind: "reacted";
      readonly message: Message;
      readonly by: Member;
      readonly name: string;
      readonly isAdded: boolean;
    }
);

/** The channels, people and messages of one Slack workspace. The only place that changes them. */
export class Workspace {
  readonly channels = new Map<string, Channel>();
  readonly members = new Map<string, Member>();
  readonly files = new Map<string, SharedFile>();
  /** By the id that the file will have. */
  readonly uploads = new Map<string, Upload>();
  /** Where files are served and taken. Known once the server listens. */
  fileOrigin = "";
  /** Handles of user groups, by id. */
  readonly userGroups = new Map<string, string>();
  readonly changes = new Listeners<WorkspaceChange>();
  readonly clock: TsClock;
  #ids = 0;

  constructor(
    now: () => number,
    /** How long after its upload a file can't be shown yet, in ms. */
    readonly fileReadyMs = 0,
  ) {
    this.clock = new TsClock(now);
  }

  /** An id in Slack's form: a letter for its kind, then capitals and digits. */
  newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}0PG${this.#ids.toString(36).toUpperCase().padStart(7, "0")}`;
  }

  addUserGroup(handle: string): string {
    const id = this.newId("S");
    this.userGroups.set(id, handle);
    return id;
  }

  addMember(name: string, app?: Member["app"]): Member {
    const member = { id: this.newId("U"), name, ...(app && { app }) };
    this.members.set(member.id, member);
    return member;
  }

  addFile(file: Omit<SharedFile, "id">, id = this.newId("F")): SharedFile {
    const address = `${this.fileOrigin}/files-pri/T0-${id}`;
    const added = { id, ...file, ...(file.bytes && { address }) };
    this.files.set(added.id, added);
    return added;
  }

  /** Whether a message has the file. */
  isShared(id: string): boolean {
    const messages = [...this.channels.values()].flatMap((channel) => [
      ...channel.messages.values(),
    ]);
    return messages.some(({ files = [] }) => files.some((file) => file.id === id));
  }

  addChannel(name: string, isPrivate: boolean): Channel {
    const channel: Channel = {
      id: this.newId("C"),
      name,
      isPrivate,
      botIsMember: true,
      archived: false,
      messages: new Map(),
      replies: new Map(),
      statuses: new Map(),
    };
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** Gives the channel a new id, as when it becomes shared. The old id stops working. */
  moveChannel(channel: Channel): Channel {
    const moved = { ...channel, id: this.newId("C") };
    this.channels.delete(channel.id);
    this.channels.set(moved.id, moved);
    return moved;
  }

  renameMember(id: string, name: string): void {
    const member = this.members.get(id);
    if (member) this.members.set(id, { ...member, name });
  }

  post(channel: Channel, draft: Omit<Message, "ts">): Message {
    const message: Message = { ...draft, ts: this.clock.next() };
    channel.messages.set(message.ts, message);
    if (message.threadTs !== undefined) {
      const replies = channel.replies.get(message.threadTs);
      if (replies) replies.push(message.ts);
      else channel.replies.set(message.threadTs, [message.ts]);
    }
    this.changes.emit({ kind: "posted", channel, ts: message.ts, message });
    return message;
  }

  /** Changes the given fields. Without an `editor` it is not an edit (Slack adding a link preview). */
  change(
    channel: Channel,
    previous: Message,
    change: Pick<Message, "text"> & Partial<Pick<Message, "blocks" | "metadata" | "attachments">>,
    editor?: Member,
  ): Message {
    const ts = this.clock.next();
    const message: Message = {
      ...previous,
      ...change,
      ...(editor && { edited: { user: editor.id, ts } }),
    };
    channel.messages.set(message.ts, message);
    this.changes.emit({ kind: "changed", channel, ts, message, previous });
    return message;
  }

  react(channel: Channel, previous: Message, by: Member, name: string, isAdded: boolean): void {
    const { reactions = [] } = previous;
    const users = reactions.find((each) => each.name === name)?.users ?? [];
    if (users.includes(by.id) === isAdded) {
      throw new Error(isAdded ? "already_reacted" : "no_reaction");
    }
    const now = isAdded ? [...users, by.id] : users.filter((user) => user !== by.id);
    const others = reactions.filter((each) => each.name !== name);
    const message = {
      ...previous,
      reactions: now.length > 0 ? [...others, { name, users: now }] : others,
    };
    channel.messages.set(message.ts, message);
    const ts = this.clock.next();
    this.changes.emit({ kind: "reacted", channel, ts, message, by, name, isAdded });
  }

  remove(channel: Channel, previous: Message): void {
    const ts = this.clock.next();
    if (channel.replies.has(previous.ts)) {
      const { text: _text, blocks: _blocks, metadata: _metadata, ...rest } = previous;
      const message: Message = { ...rest, text: "This message was deleted.", tombstone: true };
      channel.messages.set(message.ts, message);
      this.changes.emit({ kind: "changed", channel, ts, message, previous });
      return;
    }
    channel.messages.delete(previous.ts);
    if (previous.threadTs !== undefined) this.#removeReply(channel, previous.threadTs, previous.ts);
    this.changes.emit({ kind: "removed", channel, ts, previous });
  }

  #removeReply(channel: Channel, root: string, ts: string): void {
    const left = (channel.replies.get(root) ?? []).filter((reply) => reply !== ts);
    if (left.length > 0) {
      channel.replies.set(root, left);
      return;
    }
    channel.replies.delete(root);
    // A deleted root disappears with its last reply.
    if (channel.messages.get(root)?.tombstone) channel.messages.delete(root);
  }
}
