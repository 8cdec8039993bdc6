import type { Logger } from "pino";
import { pause } from "../../core/shared/backoff.ts";
import type { MessageEvent, Person } from "../../platform.ts";
import { platformError } from "../failures.ts";

/** What Slack tells of a person. */
export interface Profile {
  readonly name: string;
  readonly avatarUrl?: string;
}

export interface PeopleOptions {
  /** Asks Slack. Rejects with the error of the Web API client. */
  readonly lookUp: (userId: string) => Promise<Profile | undefined>;
  readonly learned: (person: Person) => void;
  readonly log: Logger;
  /** ms, monotonic. */
  readonly now?: () => number;
}

interface Known {
  /** Absent: asked in vain. */
  readonly profile: Profile | undefined;
  readonly staleAt: number;
}

/** People kept in memory; whoever spoke longest ago is forgotten first. */
const MAX_KNOWN = 5_000;
/** People waiting to be asked for; more are forgotten, and asked for when they next speak. */
const MAX_WAITING = 1_000;
const FRESH_MS = 6 * 60 * 60_000;
const RETRY_MS = 10 * 60_000;

/**
 * Names of people, learned on the side: Slack's events carry ids only, and users.info allows some 100 calls a
 * minute, so an event never waits for a name. One question at a time, each person once.
 */
export class People {
  readonly #options: PeopleOptions;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, { readonly workspaceId: string; readonly userId: string }>();
  readonly #stopping = new AbortController();
  #asking = false;

  constructor(options: PeopleOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The event with the names known by now. Asks for the others; the core hears of them later. */
  name(event: MessageEvent): MessageEvent {
    const { author } = event;
    const profile = isPerson(author.externalId)
      ? this.#profileOf(author.workspaceId, author.externalId)
      : undefined;
    const mentions = event.mentions.map((mention) => {
      if (mention.kind !== "user" || mention.name !== undefined) return mention;
      const name = this.#profileOf(author.workspaceId, mention.id)?.name;
      return name === undefined ? mention : { ...mention, name };
    });
    return { ...event, author: { ...author, ...profile }, mentions };
  }

  /** A person changed their profile. Told only of people who are known: the workspace has many others. */
  changed(user: { readonly id: string; readonly team_id?: string }): void {
    for (const [key, { profile }] of this.#known) {
      const [workspaceId = "", userId] = key.split(" ");
      if (userId !== user.id || profile === undefined) continue;
      this.#ask(key, workspaceId, userId);
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#waiting.clear();
  }

  #profileOf(workspaceId: string, userId: string): Profile | undefined {
    const key = `${workspaceId} ${userId}`;
    const known = this.#known.get(key);
    if (known === undefined || known.staleAt <= this.#now()) this.#ask(key, workspaceId, userId);
    if (known === undefined) return undefined;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known.profile;
  }

  #ask(key: string, workspaceId: string, userId: string): void {
    if (this.#stopping.signal.aborted || this.#waiting.has(key)) return;
    if (this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(key, { workspaceId, userId });
    if (!this.#asking) void this.#askAll();
  }

  async #askAll(): Promise<void> {
    this.#asking = true;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      const [key, { workspaceId, userId }] = next;
      try {
        const profile = await this.#options.lookUp(userId);
        this.#keep(key, { profile, staleAt: this.#now() + (profile ? FRESH_MS : RETRY_MS) });
        if (profile !== undefined && !this.#stopping.signal.aborted)
          this.#options.learned({ workspaceId, externalId: userId, ...profile });
      } catch (error) {
        const { code, retryAfterMs } = platformError(error);
        if (retryAfterMs !== undefined) {
          await pause(retryAfterMs, this.#stopping.signal);
          continue;
        }
        this.#options.log.debug({ code, userId }, "no name for this person yet");
        const before = this.#known.get(key)?.profile;
        this.#keep(key, { profile: before, staleAt: this.#now() + RETRY_MS });
      }
      // Only now: until here the person counts as asked for.
      this.#waiting.delete(key);
    }
    this.#asking = false;
  }

  #keep(key: string, known: Known): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Bots without a user, and authors that are not known, have no profile to ask for. */
function isPerson(id: string): boolean {
  return /^[UW][A-Z0-9]+$/.test(id);
}
