import type { Logger } from "pino";
import { z } from "zod";
import { failureCode, PlatformError } from "../../core/shared/errors.ts";
import { keepNewest } from "../../core/shared/keep_newest.ts";
import { lenient } from "../../core/shared/lenient.ts";
import type { MessageEvent } from "../../platform.ts";

type File = MessageEvent["attachments"][number];

/** Looked up for one message, and kept in memory. */
const MAX_LOOKED_UP = 10;
const MAX_CACHED = 1_000;
/** The longest that look-ups delay a message, in ms. Slack repeats an event that is not acknowledged within 3 s. */
const MAX_DELAY_MS = 1_500;
/** How long nothing is looked up after a failure, as without the scope `files:read`, in ms. */
const PAUSE_MS = 60_000;

const SCHEME = "slack://file?";

/** A file's address by its id, which opens it in Slack: https://docs.slack.dev/interactivity/deep-linking */
export function fileAddress(teamId: string, id: string): string {
  return `${SCHEME}${new URLSearchParams({ team: teamId, id }).toString()}`;
}

const text = lenient(z.string().min(1));
const infoForm = z.object({
  file: z.object({
    name: text,
    title: text,
    mimetype: text,
    size: lenient(z.number()),
    permalink: text,
    url_private: text,
  }),
});

/**
 * Names and addresses of files from other workspaces, of which Slack's events have only the id. What cannot be looked up
 * keeps its id. https://docs.slack.dev/reference/objects/file-object#slack_connect_files
 */
export class Files {
  /** By address. `undefined`: Slack has no more than the id. */
  readonly #cache = new Map<string, File | undefined>();
  #notBefore = 0;

  constructor(
    /** Requests what Slack knows of a file. Rejects with `PlatformError`. */
    private readonly lookUp: (id: string, signal: AbortSignal) => Promise<unknown>,
    private readonly log: Logger,
  ) {}

  /** Whether nothing is to be looked up for a message. */
  areNamed({ attachments }: MessageEvent): boolean {
    return attachments.every(isNamed);
  }

  /** The message with what Slack knows of its files. Never rejects. */
  async name(event: MessageEvent): Promise<MessageEvent> {
    const signal = AbortSignal.timeout(MAX_DELAY_MS);
    const attachments: File[] = [];
    let lookedUp = 0;
    for (const file of event.attachments) {
      const isKnown = isNamed(file) || ++lookedUp > MAX_LOOKED_UP;
      attachments.push(isKnown ? file : ((await this.#find(file.url, signal)) ?? file));
    }
    return { ...event, attachments };
  }

  async #find(address: string, signal: AbortSignal): Promise<File | undefined> {
    if (this.#cache.has(address)) return this.#cache.get(address);
    const id = new URL(address).searchParams.get("id") ?? "";
    if (id === "" || performance.now() < this.#notBefore) return undefined;
    try {
      const file = fileOf(id, await this.lookUp(id, signal));
      this.#keep(address, file);
      return file;
    } catch (error) {
      const failure = error instanceof PlatformError ? error : undefined;
      // Other refusals are of this file alone.
      const isOfAll = failure?.retryable === true || failure?.code === "missing_scope";
      if (isOfAll) this.#notBefore = performance.now() + (failure.retryAfterMs ?? PAUSE_MS);
      else this.#keep(address, undefined);
      this.log.debug({ code: failureCode(error), file: id }, "cannot look up a file");
      return undefined;
    }
  }

  #keep(address: string, file: File | undefined): void {
    keepNewest(this.#cache, address, file, MAX_CACHED);
  }
}

/** Whether it has more than an id. */
function isNamed({ name, url }: File): boolean {
  return !url.startsWith(SCHEME) || new URL(url).searchParams.get("id") !== name;
}

function fileOf(id: string, answer: unknown): File | undefined {
  const { name, title, mimetype, size, permalink, url_private } = infoForm.parse(answer).file;
  const [shown, url] = [name ?? title, permalink ?? url_private];
  if (shown === undefined || url === undefined) return undefined;
  return {
    id,
    name: shown,
    url,
    ...(mimetype === undefined ? {} : { type: mimetype }),
    ...(size === undefined ? {} : { size }),
  };
}
