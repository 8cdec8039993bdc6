import { z } from "zod";
import { postWindow } from "../../core/outbox/post_window.ts";
import type { Delivery, Found } from "../../platform.ts";
import { platformError } from "../sdk_errors.ts";
import { lenient, lenientList } from "../../core/shared/lenient.ts";
import type { SlackApi } from "../web.ts";
import { METADATA_TYPE, messageId } from "./send.ts";

/** Messages per request. Slack may return fewer, and says whether there are more. */
const PAGE = 200;
const MAX_PAGES = 20;

const messageForm = z.object({
  ts: z.string(),
  user: lenient(z.string()),
  bot_id: lenient(z.string()),
  client_msg_id: lenient(z.string()),
  metadata: lenient(
    z.object({
      event_type: z.string(),
      event_payload: z.object({
        delivery_id: z.unknown(),
        part: z.unknown(),
        origin: z.unknown().optional(),
      }),
    }),
  ),
});
type Message = z.infer<typeof messageForm>;

const pageForm = z.object({
  messages: z.array(z.unknown()).transform((items) => {
    const messages = lenientList(messageForm).parse(items);
    return { messages, unreadable: items.length - messages.length };
  }),
  response_metadata: lenient(z.object({ next_cursor: lenient(z.string()) })),
});

/**
 * Searches the channel or thread for the post with this delivery's id, which is in the metadata of every post of the
 * bridge. Throws `PlatformError`. https://docs.slack.dev/messaging/message-metadata
 */
export async function findPost(
  api: SlackApi,
  delivery: Delivery,
  part: number,
  signal: AbortSignal,
): Promise<Found> {
  const isWanted = matcher(delivery, part);
  const { from, to } = postWindow(delivery);
  const params = {
    oldest: slackTime(from),
    latest: slackTime(to),
    inclusive: true,
    limit: PAGE,
    include_all_metadata: true,
  };
  const unmarked: Message[] = [];
  let unreadable = 0;
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await readPage(api, delivery, { ...params, ...(cursor && { cursor }) }, signal);
    const { messages } = page.messages;
    const wanted = messages.find(isWanted);
    if (wanted !== undefined) return { status: "posted", externalId: wanted.ts };
    unreadable += page.messages.unreadable;
    // A thread's root is in the answer, however old it is.
    const inWindow = messages.filter(({ ts }) => Number(ts) * 1_000 >= from);
    unmarked.push(...inWindow.filter(({ metadata }) => metadata === undefined));
    cursor = page.response_metadata?.next_cursor;
    if (cursor !== undefined && cursor !== "") continue;
    // Any of those that cannot be read may be the post.
    if (unreadable > 0) throw platformError("malformed_answer");
    return await absentOrUnsure(api, unmarked, signal);
  }
  return { status: "unsure", reason: "too many messages were written since to search them all" };
}

/** By the delivery; what is relayed also by its origin, which a message has again after a backup is restored. */
function matcher({ deliveryId, origin }: Delivery, part: number): (message: Message) => boolean {
  const clientId = messageId(deliveryId, part);
  return ({ metadata, client_msg_id }) => {
    if (client_msg_id === clientId) return true;
    if (metadata?.event_type !== METADATA_TYPE) return false;
    const { event_payload: mark } = metadata;
    const isSame =
      mark.delivery_id === deliveryId || (origin !== undefined && mark.origin === origin);
    return isSame && Number(mark.part) === part;
  };
}

async function readPage(
  api: SlackApi,
  { channel, threadId }: Delivery,
  range: Record<string, unknown>,
  signal: AbortSignal,
): Promise<z.infer<typeof pageForm>> {
  const answer =
    threadId === undefined
      ? await api.call("conversations.history", { channel, ...range }, signal)
      : await api.call("conversations.replies", { channel, ts: threadId, ...range }, signal);
  const page = pageForm.safeParse(answer);
  if (!page.success) throw platformError("malformed_answer");
  return page.data;
}

/** The bot's posts have metadata, so a post of the bot without any means that Slack does not show it to us. */
async function absentOrUnsure(
  api: SlackApi,
  unmarked: readonly Message[],
  signal: AbortSignal,
): Promise<Found> {
  if (unmarked.every(({ bot_id }) => bot_id === undefined)) return { status: "absent" };
  const bot = await api.request((web) => web.auth.test(), signal);
  if (bot.user_id === undefined) throw platformError("malformed_answer");
  const isOwn = ({ user, bot_id }: Message) => user === bot.user_id || bot_id === bot.bot_id;
  return unmarked.some((each) => each.bot_id !== undefined && isOwn(each))
    ? { status: "unsure", reason: "Slack does not show which delivery a post of the bot is" }
    : { status: "absent" };
}

function slackTime(ms: number): string {
  return (Math.max(0, ms) / 1_000).toFixed(6);
}
