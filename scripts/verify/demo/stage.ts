import type { ConvexHttpClient } from "convex/browser";
import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import type { Stack } from "../../stand_ins/stack.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import { plainText } from "./plain_text.ts";
import { type ChatTranscript, transcriptsOf } from "./transcripts.ts";
import { groupBy } from "./group_by.ts";
import type { RelayRecord } from "./relay/record.ts";
import { relayRecords } from "./relay/records.ts";
import { judgeRelay } from "./relay/verdict.ts";
import { standing } from "./standing.ts";
import { judge, type Verdict, type ChannelRecord, withRelay } from "./verdict.ts";

interface MapOptions {
  readonly to: string;
  /** The channel's name on the platform. */
  readonly name?: string;
  readonly trigger?: "always" | "mention" | "never";
  /** Whether it hears the other mapped channels of its Convex channel. */
  readonly relay?: boolean;
  /** Whether people watch answers being written. */
  readonly stream?: boolean;
}

/** A mapped channel of the demo. */
interface MappedChannel {
  readonly platform: PlatformName;
  readonly channel: string;
  readonly channelId: string;
  /** Its name on the platform. */
  readonly name: string;
  readonly answers: boolean;
  readonly relay: boolean;
  /** The length of the platform's `history` when it was mapped. */
  readonly since: number;
}

/** A stack with people by name, mapped channels, and the verdict on what the bridge did. */
export class Stage {
  readonly #people = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** Of threads, by id. */
  readonly #titles = new Map<string, string>();
  readonly #mapped: MappedChannel[] = [];

  constructor(readonly stack: Stack) {
    this.#names.set(stack.discord.botId, "Bridge");
    this.#names.set(stack.slack.botId, "bridge");
  }

  /** The person's id on the platform. The first use of a name creates the person. */
  person(platform: PlatformName, name: string): string {
    const key = `${platform} ${name}`;
    const known = this.#people.get(key);
    if (known !== undefined) return known;
    const id = this.stack.chat(platform).addPerson(name);
    this.#people.set(key, id);
    this.#names.set(id, name);
    return id;
  }

  say(
    platform: PlatformName,
    channel: string,
    name: string,
    text: string,
    thread?: string,
  ): string {
    return this.stack.chat(platform).say({
      channel,
      person: this.person(platform, name),
      text,
      ...(thread !== undefined && { thread }),
    });
  }

  /** Opens a thread on a message. Slack's threads have no names. */
  openThread(platform: PlatformName, channel: string, id: string, name: string): string {
    const thread = this.stack.chat(platform).openThread({ channel, id, name });
    if (platform === "discord") this.#titles.set(thread, name);
    return thread;
  }

  /** Opens a post in a Discord forum. */
  openPost(channel: string, name: string, title: string, text: string): string {
    const person = this.person("discord", name);
    const post = this.stack.discord.openPost({ channel, person, name: title, text });
    this.#titles.set(post, title);
    return post;
  }

  /** Replies in a Slack thread and also sends the reply to the channel. */
  broadcast(channel: string, name: string, text: string, thread: string): string {
    const person = this.person("slack", name);
    return this.stack.slack.say({ channel, person, text, thread, broadcast: true });
  }

  /** Maps a channel with the admin function that `channels map` calls. */
  async map(
    admin: ConvexHttpClient,
    platform: PlatformName,
    channel: string,
    { to, trigger = "always", name, relay = false, stream = false }: MapOptions,
  ): Promise<{ readonly channelId: Id<"channels"> }> {
    const since = this.stack.chat(platform).history.length;
    const { channelId } = await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      ...(name !== undefined && { externalName: name }),
      to,
      trigger,
      ...(relay && { relay }),
      ...(stream && { stream }),
    });
    const answers = trigger === "always";
    this.#mapped.push({ platform, channel, channelId, name: name ?? to, answers, relay, since });
    return { channelId };
  }

  /** The mapped channels of a platform and their threads. */
  transcriptsOf(platform: PlatformName): ChatTranscript[] {
    const own = this.#mapped.filter((mapped) => mapped.platform === platform);
    const channels = new Map(own.map(({ channel, name }) => [channel, name]));
    return transcriptsOf(this.stack.chat(platform), channels, this.#titles);
  }

  /** People's names by their ids. */
  get names(): ReadonlyMap<string, string> {
    return this.#names;
  }

  /** What Convex holds, read by a new client. */
  async rows(): Promise<TranscriptRow[]> {
    const admin = await this.stack.adminClient();
    const rows: TranscriptRow[] = [];
    for (const channelId of new Set(this.#mapped.map((mapped) => mapped.channelId))) {
      let cursor: string | null = null;
      for (;;) {
        const paginationOpts = { numItems: 200, cursor };
        const page: TranscriptPage = await admin.query(api.admin.transcript, {
          channelId,
          paginationOpts,
        });
        rows.push(...page.page);
        if (page.isDone) break;
        cursor = page.continueCursor;
      }
    }
    return rows;
  }

  /** Compares what happened on the platforms with what Convex holds now. */
  async judge(): Promise<Verdict> {
    return this.judgeRows(await this.rows());
  }

  judgeRows(rows: readonly TranscriptRow[]): Verdict {
    return this.#relays().map(judgeRelay).reduce(withRelay, judge(this.records(), rows));
  }

  /** What was recorded of the channels that hear each other, a group for each Convex channel. */
  #relays(): RelayRecord[][] {
    const hearing = this.#mapped.filter(({ relay }) => relay);
    return [...groupBy(hearing, ({ channelId }) => channelId).values()].map((channels) =>
      relayRecords(this.stack, channels, this.#names),
    );
  }

  /**
   * Waits until there are no differences, and none a second later, or until `idleTimeoutMs` pass without progress.
   * Returns the last verdict. `check` computes one, every `everyMs`.
   */
  async settle(
    idleTimeoutMs: number,
    check: () => Promise<Verdict> = () => this.judge(),
    everyMs = 200,
  ): Promise<Verdict> {
    let verdict = await check();
    let progress = signature(verdict);
    let deadline = Date.now() + idleTimeoutMs;
    while (verdict.differences.length > 0 && Date.now() < deadline) {
      await sleep(everyMs);
      verdict = await check();
      if (signature(verdict) === progress) continue;
      progress = signature(verdict);
      deadline = Date.now() + idleTimeoutMs;
    }
    if (verdict.differences.length > 0) return verdict;
    // A duplicate would arrive after the original.
    await sleep(1_000);
    return await check();
  }

  /** What happened on the platforms, for each mapped channel. */
  records(): ChannelRecord[] {
    return PLATFORMS.flatMap((platform) =>
      this.#mapped
        .filter((mapped) => mapped.platform === platform)
        .map((mapped) => this.#record(mapped)),
    );
  }

  #record({ platform, channel, answers, relay, since }: MappedChannel): ChannelRecord {
    const chat = this.stack.chat(platform);
    return {
      platform,
      channel,
      answers,
      relays: relay,
      acts: chat.history.slice(since).filter((act) => act.channel === channel),
      posts: standing(
        chat,
        channel,
        chat.posts.filter((post) => post.channel === channel),
      ),
      read: (text) => plainText(platform, text, this.#names),
    };
  }
}

type TranscriptPage = (typeof api.admin.transcript)["_returnType"];

function signature({ mirrored, relayed, replies, differences }: Verdict): string {
  return [mirrored, relayed, replies, differences.length].join(" ");
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
