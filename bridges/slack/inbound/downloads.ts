import { z } from "zod";
import { keepNewest } from "../../core/shared/keep_newest.ts";
import { lenient } from "../../core/shared/lenient.ts";
import type { FileRef, Platform } from "../../platform.ts";
import { isSlacks } from "../hosts.ts";
import { platformError } from "../sdk_errors.ts";
import type { SlackApi, SlackConfig } from "../web.ts";
import type { SlackMessage } from "./payload.ts";

const MAX_KEPT = 2_000;
const MAX_REDIRECTS = 5;

const text = lenient(z.string().min(1));
const infoForm = z.object({ file: z.object({ url_private_download: text, url_private: text }) });

/**
 * Downloads files with the bot token. Their private addresses stay in this process: Convex gets those of the pages that
 * people open. https://docs.slack.dev/reference/objects/file-object#authentication
 */
export class Downloads implements Pick<Platform, "download"> {
  /** Private addresses by the file's id, as the latest events have them. */
  readonly #addresses = new Map<string, string>();

  constructor(
    private readonly config: SlackConfig,
    private readonly api: Pick<SlackApi, "call" | "lacks">,
  ) {}

  /** Remembers where the files of a message are. Of those from other workspaces, Slack has to be asked. */
  saw({ files = [] }: Pick<SlackMessage, "files">): void {
    for (const { id, url_private_download: download, url_private: page } of files) {
      const address = download ?? page;
      if (id !== undefined && address !== undefined)
        keepNewest(this.#addresses, id, address, MAX_KEPT);
    }
  }

  readonly download: Platform["download"] = async (file, signal) => {
    const { id } = file.attachment;
    // Slack would answer with its login page, which may pass for a file that is a page.
    if (this.api.lacks("files:read")) throw missingScope();
    let address = this.#addresses.get(id) ?? (await this.#lookUp(id, signal));
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const answer = await this.#get(address, signal);
      const location = answer.headers.get("location");
      if (isRedirect(answer) && location !== null && URL.canParse(location, address)) {
        await answer.body?.cancel();
        address = new URL(location, address).href;
        continue;
      }
      if (answer.ok && answer.body && !isUnexpectedPage(answer, file)) return answer.body;
      await answer.body?.cancel();
      if (!answer.ok)
        throw platformError(answer.status === 404 ? "file_not_found" : `http_${answer.status}`);
      break;
    }
    // Refused with the code of what is missing, where it is a scope.
    await this.#lookUp(id, signal);
    throw platformError("file_not_visible");
  };

  /** What Slack knows of a file. Its address is remembered, so that a download does not ask again. */
  async info(id: string, signal: AbortSignal): Promise<unknown> {
    const answer = await this.api.call("files.info", { file: id }, signal);
    const file = infoForm.safeParse(answer).data?.file;
    if (file) this.saw({ files: [{ ...file, id }] });
    return answer;
  }

  async #lookUp(id: string, signal: AbortSignal): Promise<string> {
    await this.info(id, signal);
    const address = this.#addresses.get(id);
    if (address === undefined) throw platformError("file_not_visible");
    return address;
  }

  /** Redirects are followed by hand: the token must reach no other host. */
  async #get(address: string, signal: AbortSignal): Promise<Response> {
    if (!isSlacks(address, this.config)) throw platformError("file_elsewhere");
    const headers = { authorization: `Bearer ${this.config.botToken}` };
    try {
      return await fetch(address, { headers, redirect: "manual", signal });
    } catch {
      // Not the error itself: it may name the address.
      throw platformError(signal.aborted ? "timeout" : "network");
    }
  }
}

function isRedirect({ status }: Response): boolean {
  return status >= 300 && status < 400;
}

/** Slack's login page, which it sends with status 200 to who may not read the file. */
function isUnexpectedPage({ headers }: Response, { attachment }: FileRef): boolean {
  const isPage = headers.get("content-type")?.startsWith("text/html") ?? false;
  return isPage && attachment.type !== "text/html";
}

function missingScope() {
  return platformError("missing_scope", { needed: "files:read" });
}
