import type { MessageEvent } from "../../platform.ts";
import { attachmentsText, blocksText } from "./markdown/block_kit.ts";
import { toCanonical } from "./markdown/mrkdwn.ts";
import type { SlackMessage } from "./payload.ts";
import type { Notes } from "./markdown/rich_text.ts";

type Mention = MessageEvent["mentions"][number];

export interface Content {
  readonly content: string;
  readonly mentions: Mention[];
  /** The message this one quotes, where that stands in the same channel. */
  readonly replyTo?: string;
}

/**
 * Everything a message says, as canonical Markdown: from its blocks, or from the flattened text where it has none;
 * then what hangs on it, as quotes. Never empty without a file: nothing that was said may vanish. Pure, but for telling `unknown` of each kind it cannot read.
 */
export function contentOf(
  message: SlackMessage,
  channel: string | undefined,
  unknown: (kind: string) => void,
): Content {
  const mentions = new Map<string, Mention>();
  const notes: Notes = {
    mention: (mention) => {
      const key = `${mention.kind} ${mention.id}`;
      if (mentions.get(key)?.name === undefined) mentions.set(key, mention);
    },
    unknown,
  };
  const { attachments = [], blocks = [] } = message;
  const flat = toCanonical(message.text ?? "");
  let said = blocksText(blocks, notes);
  if (said === "") {
    said = flat.content;
    flat.mentions.forEach((mention) => notes.mention(mention));
  } else {
    // Blocks name people, groups and channels by id only; the text may know what they are called.
    for (const mention of flat.mentions)
      if (mentions.has(`${mention.kind} ${mention.id}`)) notes.mention(mention);
  }
  const form = said === "" ? formOf(message) : "";
  const everything = [form, said, attachmentsText(attachments, notes)]
    .filter((text) => text !== "")
    .join("\n\n");
  const isBare = everything === "" && (message.files ?? []).length === 0;
  if (isBare) unknown("message without text");
  const content = isBare ? "[message without text]" : everything;
  const replyTo = channel === undefined ? undefined : quotedMessage(message, channel);
  return {
    content,
    mentions: [...mentions.values()],
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

function formOf({ subtype }: SlackMessage): string {
  return subtype === "huddle_thread" ? "[huddle]" : "";
}

/** A message of this channel that was shared, or whose link is in the text. */
function quotedMessage({ attachments = [], text = "" }: SlackMessage, channel: string) {
  for (const { channel_id: id, ts, is_msg_unfurl: unfurl, is_share: share } of attachments) {
    if (id === channel && typeof ts === "string" && (unfurl === true || share === true)) return ts;
  }
  const marker = `/archives/${channel}/p`;
  const at = text.indexOf(marker);
  const digits = at === -1 ? undefined : /^\d{16}/.exec(text.slice(at + marker.length))?.[0];
  return digits === undefined ? undefined : `${digits.slice(0, 10)}.${digits.slice(10)}`;
}
