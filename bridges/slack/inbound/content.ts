import { attachmentsText } from "./markdown/attachments.ts";
import { blocksText } from "./markdown/block_kit.ts";
import { type Collector, described, labelText, paragraphs } from "./markdown/label.ts";
import { toCanonical } from "./markdown/mrkdwn.ts";
import type { SlackMessage } from "./payload.ts";
import type { Mention } from "./markdown/tokens.ts";

export interface Content {
  readonly content: string;
  readonly mentions: Mention[];
  /** The message this one quotes, if it is in the same channel. */
  readonly replyTo?: string;
}

/**
 * A message's content as canonical Markdown: its blocks, or its flattened text if it has none, and its attachments as
 * quotes. Never empty unless the message has a file. Pure, except that it calls `unknown` for content it cannot read.
 */
export function contentOf(
  message: SlackMessage,
  channel: string | undefined,
  unknown: (kind: string) => void,
): Content {
  const mentions = new Map<string, Mention>();
  const collect: Collector = {
    mention: (mention) => {
      const key = `${mention.kind} ${mention.id}`;
      if (mentions.get(key)?.name === undefined) mentions.set(key, mention);
    },
    unknown,
  };
  const { attachments = [], blocks = [], files = [] } = message;
  const flat = toCanonical(message.text ?? "");
  const plain = () => {
    flat.mentions.forEach((mention) => collect.mention(mention));
    return flat.content;
  };
  const body = blocksText(blocks, collect, plain);
  // Blocks have only the ids of people, groups and channels; the text may have their names.
  for (const mention of flat.mentions)
    if (mentions.has(`${mention.kind} ${mention.id}`)) collect.mention(mention);
  const written = paragraphs([
    body === "" ? kindOf(message) : body,
    ...files.map(({ alt_txt: alt = "" }) => (alt === "" ? "" : described("image", alt))),
    attachmentsText(attachments, collect, "without previews"),
  ]);
  const isWordless = written === "" && files.length === 0;
  // Without the link, a preview is all there is.
  const everything = isWordless ? attachmentsText(attachments, collect, "with previews") : written;
  const isBare = isWordless && everything === "";
  if (isBare) unknown("message without text");
  const content = isBare ? "[message without text]" : everything;
  const replyTo = channel === undefined ? undefined : quotedMessage(message, channel);
  return {
    content,
    mentions: [...mentions.values()],
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

/** What to show for a message without text. */
function kindOf({ subtype, files = [], comment, assistant_app_thread: thread }: SlackMessage) {
  if (subtype === "huddle_thread") return "[huddle]";
  if (files.length > 0 && files.every(isDeleted)) return "[deleted file]";
  return labelText(comment?.comment ?? thread?.title, { mention: () => {}, unknown: () => {} });
}

/** Whether only a placeholder is left of a file. */
export function isDeleted({ mode }: NonNullable<SlackMessage["files"]>[number]): boolean {
  return mode === "tombstone";
}

/** The message of this channel that is shared here, or whose link is in the text. */
function quotedMessage({ attachments = [], text = "" }: SlackMessage, channel: string) {
  for (const { channel_id: id, ts, is_msg_unfurl: unfurl, is_share: share } of attachments) {
    if (id === channel && typeof ts === "string" && (unfurl === true || share === true)) return ts;
  }
  const marker = `/archives/${channel}/p`;
  const at = text.indexOf(marker);
  const digits = at === -1 ? undefined : /^\d{16}/.exec(text.slice(at + marker.length))?.[0];
  return digits === undefined ? undefined : `${digits.slice(0, 10)}.${digits.slice(10)}`;
}
