import { z } from "zod";
import { lenient, lenientList } from "../../core/shared/lenient.ts";
import { isTimely } from "../../core/shared/timely.ts";
import { attachmentList, blockList } from "./markdown/block_payload.ts";

/*
 * The parts of Slack's message payloads that the bridge reads. They have the same form in events and in history. Only `ts`
 * is required: a message survives any other field that is null, absent or of another type, and a list such an item.
 */

const text = lenient(z.string());
/** Of a message's kind and author: an empty one is none. */
const given = lenient(z.string().min(1));

/** A Slack timestamp: seconds and microseconds, unique in its channel. A string, because a float loses digits. */
const ts = z.string().regex(/^\d{10}\.\d{6}$/);
/** Of an edit. Slack may give only the seconds. */
const editTs = z.string().regex(/^\d{10}\.\d{1,6}$/);

const file = z.object({
  name: text,
  title: text,
  mimetype: text,
  mode: text,
  size: lenient(z.number()),
  permalink: text,
  url_private: text,
  url_private_download: text,
  id: lenient(z.string().max(100)),
  alt_txt: text,
});

export const slackMessage = z.object({
  subtype: given,
  ts: ts.refine((position) => isTimely("slack", position)),
  thread_ts: lenient(ts),
  user: given,
  bot_id: given,
  app_id: given,
  username: given,
  user_team: given,
  team: given,
  text,
  edited: lenient(z.object({ ts: editTs })),
  files: lenient(lenientList(file)),
  blocks: lenient(blockList),
  attachments: lenient(attachmentList),
  // Of people from other organizations.
  user_profile: lenient(z.object({ display_name: text, real_name: text, name: text })),
  bot_profile: lenient(z.object({ name: given, app_id: given })),
  comment: lenient(z.object({ comment: text, user: text })),
  assistant_app_thread: lenient(z.object({ title: text })),
});
export type SlackMessage = z.infer<typeof slackMessage>;

export const slackEvent = slackMessage.extend({
  event_ts: lenient(editTs),
  hidden: lenient(z.boolean()),
  message: slackMessage.nullish(),
  previous_message: lenient(slackMessage),
  deleted_ts: lenient(ts),
});
/** https://docs.slack.dev/reference/events/message */
export type SlackEvent = z.infer<typeof slackEvent>;

/** ms since 1970. Microseconds become the fraction, so that two edits within one millisecond stay in order. */
export function toMillis(timestamp: string): number {
  const [seconds = "0", fraction = ""] = timestamp.split(".");
  return Number(seconds) * 1000 + Number(fraction.padEnd(6, "0")) / 1000;
}
