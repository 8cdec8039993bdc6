import { quoted } from "../../../core/markdown/containers.ts";
import { stacked, titled } from "../../../core/markdown/joining.ts";
import { trimNewlines } from "../../../core/markdown/trailing_newlines.ts";
import { blocksText } from "./block_kit.ts";
import type { Attachment } from "./block_payload.ts";
import { elementsText } from "./elements.ts";
import {
  bold,
  type Collector,
  described,
  joined,
  labelText,
  mrkdwn,
  paragraphs,
  shown,
} from "./label.ts";
import { markdownLink } from "./link.ts";

/** What Slack writes for an attachment of blocks that has no text of its own. */
const NO_FALLBACK = "[no preview available]";

/**
 * A message's attachments (an app's, or shared messages), each as a quote; previews of links only if asked for: they are
 * text of the page, not of the author.
 */
export function attachmentsText(
  attachments: readonly Attachment[],
  collect: Collector,
  previews: "with previews" | "without previews",
): string {
  const isShown = (each: Attachment) => previews === "with previews" || !isPreview(each);
  return paragraphs(attachments.filter(isShown).map((each) => attachmentText(each, collect)));
}

function isPreview(attachment: Attachment): boolean {
  const { is_msg_unfurl: isMessage, is_share: isShare } = attachment;
  return isUnfurl(attachment) && isMessage !== true && isShare !== true;
}

/** Whether Slack or an app added it for a link. */
export function isUnfurl(attachment: Attachment): boolean {
  const { from_url: from, is_app_unfurl: isApp, is_msg_unfurl: isMessage } = attachment;
  return from !== undefined || isApp === true || isMessage === true;
}

function attachmentText(attachment: Attachment, collect: Collector): string {
  const { pretext = "", title = "", title_link: link = "", text = "", fallback = "" } = attachment;
  const { image_url: large, thumb_url: small, footer = "", files, fields } = attachment;
  const image = [large, small].find(Boolean);
  const shared = attachment.message_blocks?.flatMap(({ message }) => message.blocks) ?? [];
  const blocks = [...(attachment.blocks ?? []), ...shared];
  const instead = () => mrkdwn(fallback === NO_FALLBACK ? "" : fallback, collect);
  const plain = () => (blocks.length > 0 && text === "" ? instead() : mrkdwn(text, collect));
  const by = [attachment.author_name, attachment.author_subname].map((each) =>
    shown(each, collect),
  );
  const body = stacked([
    joined(" ", by) === "" ? "" : `${joined(" ", by)}:`,
    link === "" || title === ""
      ? bold(shown(title, collect))
      : `**${markdownLink(link, labelText(title, collect))}**`,
    blocksText(blocks, collect, plain),
    ...fields.map(({ title: head, value = "" }) =>
      titled(bold(shown(head, collect)), mrkdwn(value, collect)),
    ),
    image === undefined ? "" : markdownLink(image, "image"),
    ...files.map((file) => described("file", file.title ?? file.name ?? "", file.permalink)),
    elementsText(attachment.actions, collect),
    mrkdwn(footer, collect),
  ]);
  const inside = body === "" ? instead() : body;
  return paragraphs([mrkdwn(pretext, collect), inside === "" ? "" : quoted(trimNewlines(inside))]);
}
