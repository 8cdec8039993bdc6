import { z } from "zod";
import { cut } from "../../../convex/model/shared/text.ts";
import { keepNewest } from "../../core/shared/keep_newest.ts";
import { lenientList } from "../../core/shared/lenient.ts";
import type { Delivery, FileAlong } from "../../platform.ts";
import { isSlacks } from "../hosts.ts";
import { platformError } from "../sdk_errors.ts";
import type { SlackApi, SlackConfig } from "../web.ts";

/** A file that is uploaded. */
export interface Uploaded extends FileAlong {
  /** Slack's. */
  readonly id: string;
}

/** The longest that uploads delay a post, in ms. */
const UPLOAD_MS = 15_000;
/** Posts whose images are remembered. */
const MAX_KEPT = 1_000;

const placeForm = z.object({ upload_url: z.string(), file_id: z.string() });
const block = z.object({ type: z.literal("image"), slack_file: z.object({ id: z.string() }) });
const messageForm = z.object({
  messages: lenientList(z.object({ ts: z.string(), blocks: lenientList(z.unknown()).optional() })),
});

type ImageBlock = ReturnType<typeof imageBlock>;

/** The images of posts: uploaded before a post, which shows them in blocks, and kept in it when its text is edited. */
export class Images {
  /** What the blocks of own posts show, by channel and ts. */
  readonly #shown = new Map<string, readonly ImageBlock[]>();

  constructor(
    private readonly config: SlackConfig,
    private readonly api: SlackApi,
  ) {}

  /**
   * Uploads files, which nobody sees before a post shows them. One that Slack does not take is left out: its text says so.
   * https://docs.slack.dev/messaging/working-with-files#upload
   */
  async upload(files: readonly FileAlong[], signal: AbortSignal): Promise<Uploaded[]> {
    if (files.length === 0 || this.api.lacks("files:write")) return [];
    const end = AbortSignal.any([signal, AbortSignal.timeout(UPLOAD_MS)]);
    try {
      const each = files.map(async (along) => await this.#uploadOne(along, end).catch(() => []));
      const uploaded = (await Promise.all(each)).flat();
      if (uploaded.length === 0) return [];
      const completed = uploaded.map(({ id, file }) => ({ id, title: file.name }));
      await this.api.call("files.completeUploadExternal", { files: completed }, end);
      return uploaded;
    } catch {
      // The text is worth more than its images, and a retry could fail in the same way.
      return [];
    }
  }

  async #uploadOne(along: FileAlong, signal: AbortSignal): Promise<Uploaded[]> {
    const { name: filename, type } = along.file;
    const params = { filename, length: along.bytes.length };
    const answer = await this.api.call("files.getUploadURLExternal", params, signal);
    const { upload_url: url, file_id: id } = placeForm.parse(answer);
    if (!isSlacks(url, this.config)) throw platformError("file_elsewhere");
    const headers = { "content-type": type };
    const taken = await fetch(url, { method: "POST", headers, body: along.bytes, signal });
    await taken.body?.cancel();
    return taken.ok ? [{ ...along, id }] : [];
  }

  posted(channel: string, ts: string, blocks: readonly ImageBlock[]): void {
    if (blocks.length === 0) return;
    keepNewest(this.#shown, `${channel} ${ts}`, blocks, MAX_KEPT);
  }

  /** The blocks that an edit of a post has to keep: an edit replaces all of them. Throws `PlatformError`. */
  async shownIn(
    { channel, threadId }: Delivery,
    ts: string,
    signal: AbortSignal,
  ): Promise<readonly ImageBlock[]> {
    const known = this.#shown.get(`${channel} ${ts}`);
    if (known) return known;
    const only = { channel, oldest: ts, latest: ts, inclusive: true, limit: 1 };
    const answer =
      threadId === undefined
        ? await this.api.call("conversations.history", only, signal)
        : await this.api.call("conversations.replies", { ...only, ts: threadId, limit: 2 }, signal);
    const messages = messageForm.safeParse(answer).data?.messages ?? [];
    const blocks = messages.find((message) => message.ts === ts)?.blocks ?? [];
    return lenientList(block)
      .parse(blocks)
      .map(({ slack_file: { id } }) => imageBlock(id));
  }
}

/** https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object */
export function imageBlock(id: string, name = "image") {
  return { type: "image", slack_file: { id }, alt_text: cut(name, 1_000) || "image" };
}
