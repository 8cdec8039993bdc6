import { ChannelType } from "discord-api-types/v10";
import { cut } from "../../../convex/model/shared/text.ts";
import { keepNewest } from "../../core/shared/keep_newest.ts";
import { fields, id, number, type Read, text } from "./fields.ts";

/** What a channel id refers to: a thread of another channel, or a channel itself. */
type ChannelKind =
  | { readonly kind: "thread"; readonly parentId: string; readonly name?: string }
  | { readonly kind: "channel" };

/** A channel or thread in dispatches and in `GET /channels/:id`. */
export interface WireChannel {
  readonly id: string;
  readonly type: number;
  readonly parent_id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

/** Undefined for one without an id. */
export const wireChannel: Read<WireChannel> = (value) => {
  const found = fields(value);
  const channelId = id(found?.id);
  return found && channelId !== undefined
    ? {
        id: channelId,
        type: number(found.type) ?? ChannelType.GuildText,
        parent_id: id(found.parent_id),
        name: cut(text(found.name) ?? "", 200) || undefined,
      }
    : undefined;
};

const THREADS: ReadonlySet<number> = new Set([
  ChannelType.AnnouncementThread,
  ChannelType.PublicThread,
  ChannelType.PrivateThread,
]);

/** Whether a channel type is one of a thread. */
export function isThread(type: number): boolean {
  return THREADS.has(type);
}

/**
 * The parent channel of each thread: messages name only the thread, and mappings only its parent. Keeps the `limit`
 * channels used last; others are looked up again. Ids that Discord does not reveal count as channels: one look-up each.
 */
export class Threads {
  readonly #kinds = new Map<string, ChannelKind>();
  readonly #lookUps = new Map<string, Promise<ChannelKind>>();

  constructor(
    /** `undefined`: there is no such channel, or the bot may not see it. Rejects when Discord did not answer. */
    private readonly fetchChannel: (id: string) => Promise<WireChannel | undefined>,
    private readonly limit = 20_000,
  ) {}

  /** Records what Discord sent about a channel or thread. */
  record({ id, type, parent_id: parentId, name }: WireChannel): ChannelKind {
    const kind: ChannelKind =
      isThread(type) && typeof parentId === "string"
        ? { kind: "thread", parentId, ...(typeof name === "string" ? { name } : {}) }
        : { kind: "channel" };
    return this.#keep(id, kind);
  }

  /** What is recorded of an id. */
  get(id: string): ChannelKind | undefined {
    const kind = this.#kinds.get(id);
    return kind && this.#keep(id, kind);
  }

  /** Requests the channel; concurrent calls share a request. Rejects, and records nothing, if Discord did not answer. */
  lookUp(id: string): Promise<ChannelKind> {
    const pending = this.#lookUps.get(id);
    if (pending !== undefined) return pending;
    const lookUp = this.#fetch(id).finally(() => this.#lookUps.delete(id));
    this.#lookUps.set(id, lookUp);
    return lookUp;
  }

  async #fetch(id: string): Promise<ChannelKind> {
    const channel = await this.fetchChannel(id);
    // A dispatch that arrived meanwhile is newer than the response.
    const recorded = this.#kinds.get(id);
    if (recorded !== undefined) return recorded;
    return channel === undefined ? this.#keep(id, { kind: "channel" }) : this.record(channel);
  }

  /** Makes it the one used last, and drops the one unused for longest. */
  #keep(id: string, kind: ChannelKind): ChannelKind {
    keepNewest(this.#kinds, id, kind, this.limit);
    return kind;
  }
}
