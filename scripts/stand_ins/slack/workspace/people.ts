import { randomUUID } from "node:crypto";
import type {
  ChatChange,
  GivenFile,
  NewMessage,
  PersonAct,
  Place,
  ReactionAct,
  VisibleMessage,
} from "../../chat.ts";
import { Listeners } from "../../wire.ts";
import { richTextOf } from "./rich_text.ts";
import { shownText } from "./text.ts";
import type {
  Channel,
  Member,
  Message,
  SharedFile,
  Workspace,
  WorkspaceChange,
} from "./workspace.ts";

type Target = Place & { readonly id: string };

/** Acts for people in the workspace, and shows what they see. Everything they do is recorded in `history`. */
export class People {
  readonly history: PersonAct[] = [];
  readonly changes = new Listeners<ChatChange>();

  constructor(
    readonly workspace: Workspace,
    readonly bot: Member,
    readonly now: () => number,
  ) {
    workspace.changes.add((change) => this.changes.emit(this.#seenChange(change)));
  }

  channel(id: string): Channel {
    const channel = this.workspace.channels.get(id);
    if (!channel) throw new Error(`no Slack channel ${id}`);
    return channel;
  }

  message(channel: string, id: string): Message {
    const message = this.channel(channel).messages.get(id);
    if (!message || message.tombstone) throw new Error(`no Slack message ${id} in ${channel}`);
    return message;
  }

  say({
    channel,
    thread,
    person,
    text,
    replyTo,
    broadcast = false,
    file,
    files = [],
  }: NewMessage & { broadcast?: boolean; file?: string }) {
    const author = this.workspace.members.get(person);
    if (!author) throw new Error(`no Slack user ${person}`);
    if (replyTo !== undefined) throw new Error("Slack has threads, no replies");
    if (text === "" && file === undefined && files.length === 0)
      throw new Error("Slack refuses an empty message");
    const place = this.channel(channel);
    if (place.archived) throw new Error(`the Slack channel ${channel} is archived`);
    if (thread !== undefined && this.message(channel, thread).threadTs !== undefined) {
      throw new Error("a Slack thread is named by its root");
    }
    const shared = file === undefined ? undefined : this.workspace.files.get(file);
    if (file !== undefined && !shared) throw new Error(`no Slack file ${file}`);
    const added = [...(shared ? [shared] : []), ...files.map((given) => this.#added(given))];
    const message = this.workspace.post(place, {
      author,
      text,
      ...(!author.app && { blocks: richTextOf(text) }),
      ...(added.length > 0 && { files: added }),
      ...(thread !== undefined && { threadTs: thread }),
      ...(thread !== undefined && broadcast && { broadcast }),
      // Posts of an app carry an id only if the app sent one.
      ...(!author.app && { clientMsgId: randomUUID() }),
    });
    this.#record({ kind: "say", channel, thread, id: message.ts, person, text });
    return message.ts;
  }

  #added({ name, type = "application/octet-stream", bytes }: GivenFile): SharedFile {
    const size = bytes.length;
    const file = { name, mimetype: type, size, bytes: Uint8Array.from(bytes) };
    return this.workspace.addFile({ ...file, at: "here" });
  }

  edit({ channel, id, text }: Target & { readonly text: string }): void {
    const message = this.message(channel, id);
    if (message.text === text) return; // Slack's clients do not send edits without a change.
    const person = message.author.id;
    const change = { text, ...(message.blocks && { blocks: richTextOf(text) }) };
    this.workspace.change(this.channel(channel), message, change, message.author);
    this.#record({ kind: "edit", channel, thread: message.threadTs, id, person, text });
  }

  remove({ channel, id }: Target): void {
    const message = this.message(channel, id);
    this.workspace.remove(this.channel(channel), message);
    const person = message.author.id;
    this.#record({ kind: "delete", channel, thread: message.threadTs, id, person });
  }

  react({ channel, id, person, emoji }: ReactionAct, isAdded: boolean): void {
    const by = this.workspace.members.get(person);
    if (!by) throw new Error(`no Slack user ${person}`);
    if (!/^[a-z0-9_'+-]+(::skin-tone-[2-6])?$/.test(emoji)) throw new Error("invalid_name");
    this.workspace.react(this.channel(channel), this.message(channel, id), by, emoji, isAdded);
  }

  unfurl({ channel, id, url }: { channel: string; id: string; url: string }): void {
    const message = this.message(channel, id);
    const attachments = [{ from_url: url, original_url: url, fallback: url, id: 1 }];
    this.workspace.change(this.channel(channel), message, { text: message.text, attachments });
  }

  /** The channel's messages with replies also sent to it, or a thread's replies without their root. Oldest first. */
  transcript(channelId: string, thread?: string): VisibleMessage[] {
    const channel = this.channel(channelId);
    const messages =
      thread === undefined
        ? [...channel.messages.values()].filter((m) => m.threadTs === undefined || m.broadcast)
        : (channel.replies.get(thread) ?? []).flatMap((ts) => channel.messages.get(ts) ?? []);
    return messages.filter((message) => !message.tombstone).map((message) => this.#seen(message));
  }

  #seen(message: Message): VisibleMessage {
    const files = filesIn(message, this.workspace);
    const { reactions = [] } = message;
    return {
      id: message.ts,
      author: message.persona?.name ?? message.author.name,
      authorId: message.author.id,
      text: shownText(message),
      edited: message.edited !== undefined,
      fromBot: message.author.id === this.bot.id,
      ...(message.persona && { inPersona: true }),
      ...(message.threadTs !== undefined && { thread: message.threadTs }),
      ...(files.length > 0 && { files }),
      ...(reactions.length > 0 && {
        reactions: reactions.map(({ name, users }) => ({ emoji: name, people: users })),
      }),
    };
  }

  #seenChange(change: WorkspaceChange): ChatChange {
    const removed =
      change.kind === "removed" || (change.kind === "changed" && change.message.tombstone);
    const message = this.#seen(removed ? change.previous : change.message);
    return {
      kind: removed ? "deleted" : SEEN_KINDS[change.kind],
      channel: change.channel.id,
      ...(message.thread !== undefined && { thread: message.thread }),
      message,
    };
  }

  #record(act: Act): void {
    const { thread, ...rest } = act;
    this.history.push({ ...rest, ...(thread !== undefined && { thread }), at: this.now() });
  }
}

const SEEN_KINDS = {
  posted: "new",
  changed: "edited",
  removed: "deleted",
  reacted: "reacted",
} as const;

type Act = { channel: string; thread: string | undefined; id: string; person: string } & (
  { kind: "say"; text: string } | { kind: "edit"; text: string } | { kind: "delete" }
);

/** The files that a message shares or shows in its blocks. */
function filesIn({ files = [], blocks = [] }: Message, workspace: Workspace): GivenFile[] {
  const shown = blocks.flatMap(({ slack_file: file }) => {
    const hasId = typeof file === "object" && file !== null && "id" in file;
    const id = hasId && typeof file.id === "string" ? file.id : "";
    return workspace.files.get(id) ?? [];
  });
  return [...files, ...shown].flatMap(({ name, mimetype, bytes }) =>
    bytes ? [{ name, type: mimetype, bytes }] : [],
  );
}
