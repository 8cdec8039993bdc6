import { beforeEach } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { Doc, Id } from "../../../convex/_generated/dataModel.js";
import type {
  BridgeEvent,
  MessageEvent,
  Outcome,
} from "../../../convex/model/ingest/event_validators.ts";
import type { Platform } from "../../../convex/model/shared/validators.ts";
import { type Backend, IDS, mapChannel, rows } from "./backend.ts";
import { backend, useFreshBackend } from "./fresh.ts";
import { deleted, said, saidOnSlack, slackTs, snowflake } from "./events.ts";
import { type Claimed, posted, Worker } from "./worker.ts";

type Changes = Omit<(typeof api.admin.change)["_args"], "platform" | "externalId">;

/** What a bridge carried out. `as`: the platform's id of what it posted. */
export type Carried = Claimed & { readonly as?: string };

/** A mapped channel as its people and its bridge use it. */
export class Side {
  readonly worker: Worker;

  constructor(
    readonly platform: Platform,
    readonly mappingId: Id<"mappings">,
    readonly channelId: Id<"channels">,
    readonly externalId: string,
    private readonly backend: Backend,
  ) {
    this.worker = new Worker(backend, platform, undefined, platform);
  }

  /** An event of a message; on Slack by Ann, on Discord by Bob. */
  event(content: string, more: Partial<MessageEvent> = {}): MessageEvent {
    if (this.platform === "discord") return said(this.mappingId, { content, ...more });
    const author = { externalId: "U1", workspaceId: "T1", name: "Ann" };
    return saidOnSlack(this.mappingId, { content, author, ...more });
  }

  /** Somebody says something. Returns its id on the platform. */
  async says(content: string, more: Partial<MessageEvent> = {}): Promise<string> {
    const event = this.event(content, more);
    await this.ingest(event);
    return event.externalId;
  }

  async edits(externalId: string, content: string, editedAt = Date.now() + 1): Promise<void> {
    await this.ingest(this.event(content, { externalId, editedAt }));
  }

  async deletes(externalId: string): Promise<Outcome | undefined> {
    return (await this.ingest(deleted(this.mappingId, externalId)))[0];
  }

  async ingest(...events: BridgeEvent[]): Promise<Outcome[]> {
    return await this.backend[this.platform].mutation(api.bridge.ingest, {
      events,
      advance: [],
    });
  }

  async change(changes: Changes): Promise<void> {
    const { platform, externalId } = this;
    await this.backend.admin.mutation(api.admin.change, { platform, externalId, ...changes });
  }

  newId(): string {
    return this.platform === "discord" ? snowflake() : slackTs();
  }

  /** Reports a claimed delivery as carried out: a message in one part. */
  async carryOut(claimed: Claimed): Promise<Carried> {
    if (claimed.op !== "create") {
      await this.worker.settle(claimed, { kind: "done" });
      return claimed;
    }
    const as = this.newId();
    await this.worker.settle(claimed, posted(as, 0));
    return { ...claimed, as };
  }

  /** What may be claimed for this channel: a bridge's worker sees all of its platform. */
  async ready(): Promise<Id<"deliveries">[]> {
    const ready = await this.worker.ready();
    const own = (await rows(this.backend, "deliveries")).filter(
      ({ _id, mappingId }) => mappingId === this.mappingId && ready.includes(_id),
    );
    return own.map(({ _id }) => _id);
  }

  /** Claims the only delivery that is ready. */
  async take(): Promise<Claimed> {
    const [id, ...others] = await this.ready();
    if (!id || others.length > 0) throw new Error(`${others.length.toString()} more are ready`);
    return await this.worker.take(id);
  }

  /** Carries out all that is ready, and what becomes ready by that, in order. */
  async carryOutAll(): Promise<Carried[]> {
    const carried: Carried[] = [];
    for (;;) {
      const [next] = await this.ready();
      if (!next) return carried;
      const claimed = await this.worker.claim(next);
      if (claimed) carried.push(await this.carryOut(claimed));
    }
  }

  /** The texts of all that is ready, which are posted. */
  async hears(): Promise<string[]> {
    return (await this.carryOutAll()).map(({ content }) => content);
  }

  /** The id of the copy that a message has here. */
  async copyOf(message: Doc<"messages">): Promise<string> {
    const posts = await rows(this.backend, "posts");
    const post = posts.find(
      ({ messageId, mappingId }) => messageId === message._id && mappingId === this.mappingId,
    );
    if (!post) throw new Error("it has no copy");
    return post.externalId;
  }
}

export let discord: Side;
export let slack: Side;

/** Maps another channel, by default to the room, with relay on and an AI that says nothing. */
export async function mapSide(
  platform: Platform,
  more: NonNullable<Parameters<typeof mapChannel>[2]> = {},
): Promise<Side> {
  const { mappingId, channelId } = await mapChannel(backend, platform, {
    trigger: "never",
    relay: true,
    ...more,
  });
  return new Side(platform, mappingId, channelId, more.externalId ?? IDS[platform], backend);
}

/** Like `useFreshBackend`, with a channel on each platform that hears the other, as `discord` and `slack`. */
export function useRelay(): void {
  useFreshBackend();
  beforeEach(async () => {
    discord = await mapSide("discord");
    slack = await mapSide("slack");
  });
}

/** The only message with that text. */
export async function messageOf(content: string): Promise<Doc<"messages">> {
  const found = (await rows(backend, "messages")).filter((row) => row.content === content);
  const [message] = found;
  if (!message || found.length > 1) throw new Error(`${found.length.toString()} such messages`);
  return message;
}
