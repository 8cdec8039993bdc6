import { createHmac, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { APIAttachment } from "discord-api-types/v10";
import type { GivenFile } from "../../chat.ts";
import type { Wire } from "../../wire.ts";
import type { Channel, Message } from "../world/model.ts";
import type { World } from "../world/world.ts";

/** The name of its requests in the wire log. */
export const CDN_ROUTE = "GET attachments/:channel/:id/:name";

/** Discord names no lifetime: it was a day when this was written. */
const LIFE_S = 24 * 60 * 60;

interface Held {
  readonly channel: string;
  readonly file: GivenFile;
}

/**
 * Serves the files of messages, without authorization, at addresses that are signed and expire. Every payload has fresh ones.
 * https://discord.com/developers/docs/reference#signed-attachment-cdn-urls
 */
export class Cdn {
  readonly #held = new Map<string, Held>();
  #secret = randomBytes(32);
  /** Known once the server listens. */
  #origin = "";

  constructor(
    private readonly world: World,
    private readonly wire: Wire,
  ) {
    world.events.add((event) => {
      if (event.kind === "messageDeleted") this.#forget([event.message]);
      if (event.kind === "messagesDeleted") this.#forget(event.messages);
    });
  }

  serveAt(origin: string): void {
    this.#origin = origin;
  }

  /** Keeps a file. The attachment's address is signed whenever it is shown. */
  add(channel: Channel, file: GivenFile): APIAttachment {
    const id = this.world.ids.next();
    this.#held.set(id, { channel: channel.id, file });
    const { name, type, bytes } = file;
    return {
      ...{ id, filename: name, size: bytes.length, url: "", proxy_url: "" },
      ...(type === undefined ? {} : { content_type: type }),
    };
  }

  /** The attachment as payloads show it now. One that was not added here keeps its address. */
  shown(attachment: APIAttachment): APIAttachment {
    const held = this.#held.get(attachment.id);
    if (!held) return attachment;
    const path = pathOf(held.channel, attachment.id, held.file.name);
    const now = Math.floor(Date.now() / 1000);
    const query = { ex: (now + LIFE_S).toString(16), is: now.toString(16) };
    const signed = new URLSearchParams({ ...query, hm: this.#signature(path, query) });
    const url = `${this.#origin}${path}?${signed.toString()}&`;
    return { ...attachment, url, proxy_url: url };
  }

  fileOf(id: string): GivenFile | undefined {
    return this.#held.get(id)?.file;
  }

  /** Makes every address that was shown so far expire. */
  expire(): void {
    this.#secret = randomBytes(32);
  }

  /** Answers a request for a file, or applies the fault queued for it. False: it is for something else. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = new URL(request.url ?? "/", "http://stand-in");
    if (!url.pathname.startsWith("/attachments/")) return false;
    if (request.headers.authorization !== undefined) this.wire.refuse("a token sent to the CDN");
    const fault = this.wire.request(CDN_ROUTE);
    if (fault === "hang" || fault === "hangAfterAccept") return true;
    const [, , , id = ""] = url.pathname.split("/");
    const file = this.#isValid(url) ? this.#held.get(id)?.file : undefined;
    const status = typeof fault === "number" ? fault : file ? 200 : 404;
    this.wire.answer(CDN_ROUTE, status, () => {
      if (status !== 200 || !file) {
        const text = "This content is no longer available.";
        response.writeHead(status, { "content-type": "text/plain;charset=UTF-8" }).end(text);
        return;
      }
      const type = file.type ?? "application/octet-stream";
      const headers = { "content-type": type, "content-length": file.bytes.length };
      response.writeHead(200, headers).end(file.bytes);
    });
    return true;
  }

  #isValid({ pathname, searchParams: given }: URL): boolean {
    const [ex, is] = [given.get("ex") ?? "", given.get("is") ?? ""];
    const isCurrent = Number.parseInt(ex, 16) * 1000 > Date.now();
    return isCurrent && given.get("hm") === this.#signature(pathname, { ex, is });
  }

  #signature(path: string, { ex, is }: { readonly ex: string; readonly is: string }): string {
    return createHmac("sha256", this.#secret).update(`${path} ${ex} ${is}`).digest("hex");
  }

  #forget(messages: readonly Message[]): void {
    for (const { attachments } of messages) for (const { id } of attachments) this.#held.delete(id);
  }
}

function pathOf(channel: string, id: string, name: string): string {
  return `/attachments/${channel}/${id}/${encodeURIComponent(name)}`;
}
