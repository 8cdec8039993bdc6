import type { Logger } from "pino";
import { z } from "zod";
import { postWindow } from "../../core/outbox/post_window.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import type { Delivery, Found } from "../../platform.ts";
import { platformError } from "../failures.ts";
import { METADATA_TYPE, messageId } from "./send.ts";
import { createWebClient, type SlackConfig } from "../web.ts";

/** Messages asked for at once. Slack may give fewer, and says whether there are more. */
const PAGE = 200;
const MOST_PAGES = 20;

const lenient = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);

const page = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      user: lenient(z.string()),
      bot_id: lenient(z.string()),
      client_msg_id: lenient(z.string()),
      metadata: lenient(
        z.object({
          event_type: z.string(),
          event_payload: z.object({ delivery_id: z.unknown(), part: z.unknown() }),
        }),
      ),
    }),
  ),
  response_metadata: lenient(z.object({ next_cursor: lenient(z.string()) })),
});
type Read = z.infer<typeof page>["messages"][number];

/**
 * Looks through the channel, or the thread, for the post that carries this delivery's id: every post of the bridge has it
 * in its metadata. https://docs.slack.dev/messaging/message-metadata
 */
export async function findPost(
  config: SlackConfig,
  log: Logger,
  delivery: Delivery,
  part: number,
  signal: AbortSignal,
): Promise<Found> {
  const web = createWebClient(config, log, signal);
  const ask = async (method: string, body: Record<string, unknown>) => {
    try {
      return await web.apiCall(method, body);
    } catch (error) {
      throw platformError(error);
    }
  };
  const clientId = messageId(delivery.deliveryId, part);
  const isIt = ({ metadata, client_msg_id }: Read) =>
    client_msg_id === clientId ||
    (metadata?.event_type === METADATA_TYPE &&
      metadata.event_payload.delivery_id === delivery.deliveryId &&
      Number(metadata.event_payload.part) === part);
  const window = postWindow(delivery);
  const [method, place] =
    delivery.threadId === undefined
      ? ["conversations.history", { channel: delivery.channel }]
      : ["conversations.replies", { channel: delivery.channel, ts: delivery.threadId }];
  /** The bot's posts show metadata, so one without tells that it is kept from us. */
  let unmarked: Read[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const answer = page.safeParse(
      await ask(method, {
        ...place,
        oldest: slackTime(window.from),
        latest: slackTime(window.to),
        inclusive: true,
        limit: PAGE,
        include_all_metadata: true,
        ...(cursor === undefined ? {} : { cursor }),
      }),
    );
    if (!answer.success) throw unreadable();
    const { messages, response_metadata: more } = answer.data;
    const it = messages.find(isIt);
    if (it !== undefined) return { status: "posted", externalId: it.ts };
    // A thread's root comes along, however old.
    const inside = messages.filter(({ ts }) => Number(ts) * 1_000 >= window.from);
    unmarked = [...unmarked, ...inside.filter(({ metadata }) => metadata === undefined)];
    cursor = more?.next_cursor;
    if (cursor === undefined || cursor === "") return await unmarkedOrAbsent(unmarked, ask);
  }
  return { status: "unsure", reason: "more was said since than the bridge reads again" };
}

async function unmarkedOrAbsent(
  unmarked: readonly Read[],
  ask: (method: string, body: Record<string, unknown>) => Promise<unknown>,
): Promise<Found> {
  if (unmarked.every(({ bot_id }) => bot_id === undefined)) return { status: "absent" };
  const me = z
    .object({ user_id: z.string(), bot_id: lenient(z.string()) })
    .safeParse(await ask("auth.test", {}));
  if (!me.success) throw unreadable();
  const isOwn = ({ user, bot_id }: Read) => user === me.data.user_id || bot_id === me.data.bot_id;
  return unmarked.some((each) => each.bot_id !== undefined && isOwn(each))
    ? { status: "unsure", reason: "Slack does not show which delivery a post of the bot is" }
    : { status: "absent" };
}

function slackTime(ms: number): string {
  return (Math.max(0, ms) / 1_000).toFixed(6);
}

function unreadable(): PlatformError {
  return new PlatformError({
    code: "malformed_answer",
    reason: "Slack's answer could not be read",
    retryable: true,
    certain: false,
  });
}
