import type { REST } from "@discordjs/rest";
import { Routes } from "discord-api-types/v10";
import { z } from "zod";
import type { PlatformError } from "../../core/shared/errors.ts";
import { lenientList } from "../../core/shared/lenient.ts";
import { isOwnAddress } from "../../core/shared/own_address.ts";
import type { FileRef, Platform } from "../../platform.ts";
import type { RestConfig } from "../rest.ts";
import { explain, ownFailure } from "../sdk_errors.ts";

const HOSTS: ReadonlySet<string> = new Set(["cdn.discordapp.com", "media.discordapp.net"]);

const messageForm = z.object({
  attachments: lenientList(z.object({ id: z.string(), url: z.string() })),
});

/** Downloads the files of messages from Discord's CDN, which takes no token. */
export class Files implements Pick<Platform, "download"> {
  constructor(
    private readonly config: RestConfig,
    private readonly reader: REST,
  ) {}

  /**
   * The address of an event expires; the message has a fresh one.
   * https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
   */
  readonly download: Platform["download"] = async (file, signal) => {
    const given = await this.#get(file.attachment.url, signal);
    const isExpired = given.status === 403 || given.status === 404;
    if (isExpired) await given.body?.cancel();
    const answer = isExpired
      ? await this.#get(await this.#freshAddress(file, signal), signal)
      : given;
    if (answer.ok && answer.body) return answer.body;
    await answer.body?.cancel();
    throw ownFailure(answer.status === 429 || answer.status >= 500 ? "network" : "file_gone");
  };

  async #get(address: string, signal: AbortSignal): Promise<Response> {
    if (!isOwnAddress(address, this.config.apiUrl, (hostname) => HOSTS.has(hostname)))
      throw ownFailure("file_elsewhere");
    try {
      return await fetch(address, { redirect: "manual", signal });
    } catch {
      // Not the error itself: it may name the address, which lets anyone read the file.
      throw ownFailure(signal.aborted ? "timeout" : "network");
    }
  }

  async #freshAddress(file: FileRef, signal: AbortSignal): Promise<string> {
    const { mapping, threadId = mapping.externalId, externalId, attachment } = file;
    let answer: unknown;
    try {
      const route = Routes.channelMessage(threadId, externalId);
      answer = await this.reader.get(route, { signal: AbortSignal.any([signal]) });
    } catch (error) {
      throw asFilesOwn(explain(error, { operation: "read", sent: true, aborted: signal.aborted }));
    }
    const { attachments = [] } = messageForm.safeParse(answer).data ?? {};
    const fresh = attachments.find(({ id }) => id === attachment.id);
    if (fresh === undefined) throw ownFailure("file_gone");
    return fresh.url;
  }
}

/** That one message can't be read says nothing of its channel, of which a catch-up reports what is wrong. */
function asFilesOwn(failure: PlatformError): PlatformError {
  return failure.mapping ? ownFailure("file_gone") : failure;
}
