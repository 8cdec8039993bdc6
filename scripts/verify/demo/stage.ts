import type { ConvexHttpClient } from "convex/browser";
import type { PlatformName } from "../../../bridges/platform.ts";
import { api } from "../../../convex/_generated/api.js";
import type { Id } from "../../../convex/_generated/dataModel.js";
import type { TranscriptRow } from "../../../convex/model/admin/transcript.ts";
import type { Stack } from "../../stand_ins/stack.ts";
import { PLATFORMS } from "../../stand_ins/stack.ts";
import { plainText } from "./plain_text.ts";
import { type ChatTranscript, transcriptsOf } from "./transcripts.ts";
import { judge, type Verdict, type ChannelRecord } from "./verdict.ts";

interface MapOptions {
  readonly to: string;
  /** What the channel is called on the platform. */
  readonly name?: string;
  readonly trigger?: "always" | "never";
}

/** A channel of the demo: on its platform, and in Convex once it is mapped. */
interface MappedChannel {
  readonly platform: PlatformName;
  readonly channel: string;
  readonly channelId: string;
  /** What it is called on the platform. */
  readonly name: string;
  readonly answers: boolean;
  /** How many acts of people had been seen on the platform when it was mapped. */
  readonly since: number;
}

/** The stack as the demo plays on it: people by name, mapped channels, and the verdict over both. */
export class Stage {
  readonly #people = new Map<string, string>();
  readonly #names = new Map<string, string>();
  /** Of threads, by id. */
  readonly #titles = new Map<string, string>();
  readonly #mapped: MappedChannel[] = [];

  constructor(readonly stack: Stack) {}

  /** The person's id on the platform; made at the first mention of the name. */
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

  /** Opens a thread on a message. On Slack it has no name of its own. */
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

  /** Answers in a Slack thread and sends the answer to the channel too. */
  broadcast(channel: string, name: string, text: string, thread: string): string {
    const person = this.person("slack", name);
    return this.stack.slack.say({ channel, person, text, thread, broadcast: true });
  }

  /** Maps a channel through the admin function, as the admin script does. */
  async map(
    admin: ConvexHttpClient,
    platform: PlatformName,
    channel: string,
    { to, trigger = "always", name }: MapOptions,
  ): Promise<{ readonly channelId: Id<"channels"> }> {
    const since = this.stack.chat(platform).history.length;
    const { channelId } = await admin.mutation(api.admin.map, {
      platform,
      externalId: channel,
      ...(name !== undefined && { externalName: name }),
      to,
      trigger,
    });
    const answers = trigger === "always";
    this.#mapped.push({ platform, channel, channelId, name: name ?? to, answers, since });
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

  /** What Convex holds, read by a client that has seen nothing before. */
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

  /** Compares what the platforms saw with what Convex holds now. */
  async judge(): Promise<Verdict> {
    return this.judgeRows(await this.rows());
  }

  judgeRows(rows: readonly TranscriptRow[]): Verdict {
    return judge(this.records(), rows);
  }

  /**
   * Waits until everything is as it should be and stays so for a moment, or until `idleTimeoutMs` brought nothing new.
   * Returns the last verdict. `check` gives one, every `everyMs`.
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
    // A second copy of something would come after the first.
    await sleep(1_000);
    return await check();
  }

  /** What the platforms saw of each mapped channel. */
  records(): ChannelRecord[] {
    return PLATFORMS.flatMap((platform) =>
      this.#mapped
        .filter((mapped) => mapped.platform === platform)
        .map((mapped) => this.#record(mapped)),
    );
  }

  #record({ platform, channel, answers, since }: MappedChannel): ChannelRecord {
    const chat = this.stack.chat(platform);
    return {
      platform,
      channel,
      answers,
      acts: chat.history.slice(since).filter((act) => act.channel === channel),
      posts: chat.posts.filter((post) => post.channel === channel),
      read: (text) => plainText(platform, text, this.#names),
    };
  }
}

type TranscriptPage = (typeof api.admin.transcript)["_returnType"];

function signature({ mirrored, replies, differences }: Verdict): string {
  return [mirrored, replies, differences.length].join(" ");
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
