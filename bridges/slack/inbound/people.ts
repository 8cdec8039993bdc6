import type { Logger } from "pino";
import { pause } from "../../core/shared/backoff.ts";
import { failureCode, PlatformError } from "../../core/shared/errors.ts";
import { keepNewest } from "../../core/shared/keep_newest.ts";
import type { MessageEvent, Person } from "../../platform.ts";
import type { Profile } from "./profile.ts";

type Kind = MessageEvent["mentions"][number]["kind"];

export interface PeopleOptions {
  /** Requests a name from Slack. Rejects with `PlatformError`. */
  readonly lookUp: (id: string, kind: Kind) => Promise<Profile | undefined>;
  /** Called for each name that was looked up. */
  readonly learned: (person: Person) => void;
  readonly log: Logger;
  /** ms, monotonic. */
  readonly now?: () => number;
}

interface Entry {
  /** Absent: Slack gave no name. */
  readonly profile: Profile | undefined;
  readonly staleAt: number;
}

/** Names kept in memory. The one who was used least recently is dropped first. */
const MAX_CACHED = 5_000;
/** Names waiting for a look-up. Further ones are skipped, and looked up when they next occur. */
const MAX_WAITING = 1_000;
/** Of what one message mentions. A message may mention thousands; the others stay ids. */
const MAX_MENTIONED = 20;
const FRESH_MS = 6 * 60 * 60_000;
const RETRY_MS = 10 * 60_000;

/**
 * Names of people, channels and user groups, looked up in the background, one at a time: Slack's events carry only ids, and
 * users.info allows about 100 calls a minute, so an event never waits for a name
 * (docs/races.md#names-arrive-after-messages).
 */
export class People {
  readonly #options: PeopleOptions;
  readonly #now: () => number;
  /** By workspace, id and kind, with a space between. */
  readonly #cache = new Map<string, Entry>();
  readonly #waiting = new Set<string>();
  readonly #stopping = new AbortController();
  #isLookingUp = false;

  constructor(options: PeopleOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The event with the cached names. Starts look-ups of the others, whose names the core gets later. */
  name(event: MessageEvent): MessageEvent {
    const author = this.author(event.author);
    const { workspaceId } = author;
    let unnamed = 0;
    const mentions = event.mentions.map((mention) => {
      const { id, kind } = mention;
      if (mention.name !== undefined || ++unnamed > MAX_MENTIONED) return mention;
      const name = this.#profileOf(workspaceId, id, kind)?.name;
      return name === undefined ? mention : { ...mention, name };
    });
    return { ...event, author, mentions };
  }

  /** The person with the cached name. Starts a look-up if there is none. */
  author(author: MessageEvent["author"]): MessageEvent["author"] {
    return { ...author, ...this.#profileOf(author.workspaceId, author.externalId, "user") };
  }

  /** A person changed their profile. Looked up again only if cached: the workspace has many other people. */
  changed(userId: string): void {
    for (const [key, { profile }] of this.#cache)
      if (profile !== undefined && key.endsWith(` ${userId} user`)) this.#enqueue(key);
  }

  stop(): void {
    this.#stopping.abort();
    this.#waiting.clear();
  }

  #profileOf(workspaceId: string, id: string, kind: Kind): Profile | undefined {
    if (!FORMS[kind].test(id)) return undefined;
    const key = `${workspaceId} ${id} ${kind}`;
    const entry = this.#cache.get(key);
    if (entry === undefined || entry.staleAt <= this.#now()) this.#enqueue(key);
    if (entry === undefined) return undefined;
    this.#keep(key, entry);
    return entry.profile;
  }

  #enqueue(key: string): void {
    if (this.#stopping.signal.aborted || this.#waiting.has(key)) return;
    if (this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.add(key);
    if (!this.#isLookingUp) void this.#lookUpAll();
  }

  async #lookUpAll(): Promise<void> {
    this.#isLookingUp = true;
    for (;;) {
      const [key] = this.#waiting;
      if (key === undefined) break;
      const [workspaceId = "", id = "", kind] = key.split(" ");
      const mentioned = kind === "group" || kind === "channel" ? kind : undefined;
      try {
        const profile = await this.#options.lookUp(id, mentioned ?? "user");
        this.#keep(key, { profile, staleAt: this.#now() + (profile ? FRESH_MS : RETRY_MS) });
        if (profile !== undefined && !this.#stopping.signal.aborted)
          this.#options.learned({
            ...{ workspaceId, externalId: id, ...profile },
            ...(mentioned && { kind: mentioned }),
          });
      } catch (error) {
        if (error instanceof PlatformError && error.retryAfterMs !== undefined) {
          await pause(error.retryAfterMs, this.#stopping.signal);
          continue;
        }
        this.#options.log.debug({ code: failureCode(error), id }, "cannot look up a name yet");
        const before = this.#cache.get(key)?.profile;
        this.#keep(key, { profile: before, staleAt: this.#now() + RETRY_MS });
      }
      // Removed only now, so that nobody is queued again during their look-up.
      this.#waiting.delete(key);
    }
    this.#isLookingUp = false;
  }

  /** Stores an entry as the most recently used. */
  #keep(key: string, entry: Entry): void {
    keepNewest(this.#cache, key, entry, MAX_CACHED);
  }
}

/** Bots without a user, and unknown authors, have no profile. */
const FORMS: Readonly<Record<Kind, RegExp>> = {
  user: /^[UW][A-Z0-9]+$/,
  channel: /^[CG][A-Z0-9]+$/,
  group: /^S[A-Z0-9]+$/,
};
