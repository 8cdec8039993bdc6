import { z } from "zod";
import { messageJson } from "../socket/events.ts";
import { isShowable } from "./file_methods.ts";
import { type Backend, channelOf, type Method, needScope } from "./method.ts";
import { flagParam, jsonParam, type Params, textParam } from "./params.ts";
import { SlackRefusal } from "./refusal.ts";
import type { Block, Channel, Message, Persona } from "../workspace/workspace.ts";

/** Limits of a message: characters of `text`, of all its Markdown blocks together, of one section; blocks. */
const TEXT_LIMIT = 40_000;
const MARKDOWN_LIMIT = 12_000;
const SECTION_LIMIT = 3_000;
const BLOCK_LIMIT = 50;

const blockList = z.array(
  z.discriminatedUnion("type", [
    z.looseObject({ type: z.literal("markdown"), text: z.string().min(1) }),
    z.looseObject({
      type: z.literal("section"),
      text: z.object({
        type: z.enum(["mrkdwn", "plain_text"]),
        text: z.string().min(1).max(SECTION_LIMIT),
      }),
    }),
    z.looseObject({ type: z.literal("divider") }),
    z.strictObject({
      type: z.literal("image"),
      slack_file: z.strictObject({ id: z.string() }),
      alt_text: z.string().min(1).max(2_000),
    }),
  ]),
);

const metadataObject = z.object({
  event_type: z.string().min(1),
  event_payload: z.record(z.string(), z.unknown()),
});

/** docs.slack.dev/reference/methods/chat.postMessage */
const postMessage: Method = {
  token: "bot",
  params: [
    ...["channel", "text", "blocks", "metadata", "thread_ts", "reply_broadcast", "client_msg_id"],
    ...["unfurl_links", "unfurl_media", "mrkdwn", "parse", "link_names", "username", "icon_url"],
  ],
  run: (backend, params) => {
    needScope(backend, "chat:write");
    const channel = writableChannel(backend, params);
    const content = contentOf(backend, params);
    const persona = personaOf(backend, params);
    const metadata = metadataOf(params);
    const threadTs = threadOf(channel, textParam(params, "thread_ts"));
    const clientMsgId = textParam(params, "client_msg_id");
    const message = backend.workspace.post(channel, {
      author: backend.bot,
      ...content,
      ...(persona && { persona }),
      ...(metadata && { metadata }),
      ...(threadTs !== undefined && { threadTs }),
      ...(threadTs !== undefined && flagParam(params, "reply_broadcast") && { broadcast: true }),
      ...(clientMsgId !== undefined && { clientMsgId }),
    });
    channel.statuses.delete(threadTs ?? "");
    backend.posted(channel, message, params);
    return {
      channel: channel.id,
      ts: message.ts,
      message: messageJson(message, backend.app.teamId, { withMetadata: true }),
    };
  },
};

/** docs.slack.dev/reference/methods/chat.update */
const update: Method = {
  token: "bot",
  params: ["channel", "ts", "text", "blocks", "metadata", "parse", "link_names"],
  run: (backend, params) => {
    needScope(backend, "chat:write");
    const channel = writableChannel(backend, params);
    const previous = ownMessage(backend, channel, params, "cant_update_message");
    const metadata = metadataOf(params);
    const message = backend.workspace.change(
      channel,
      previous,
      { ...contentOf(backend, params), ...(metadata && { metadata }) },
      backend.bot,
    );
    return {
      channel: channel.id,
      ts: message.ts,
      text: message.text,
      message: messageJson(message, backend.app.teamId, { withMetadata: true }),
    };
  },
};

/** docs.slack.dev/reference/methods/chat.delete */
const remove: Method = {
  token: "bot",
  params: ["channel", "ts"],
  run: (backend, params) => {
    needScope(backend, "chat:write");
    const channel = channelOf(backend, params);
    const message = ownMessage(backend, channel, params, "cant_delete_message");
    backend.workspace.remove(channel, message);
    return { channel: channel.id, ts: message.ts };
  },
};

export const chatMethods: Readonly<Record<string, Method>> = {
  "chat.postMessage": postMessage,
  "chat.update": update,
  "chat.delete": remove,
};

function writableChannel(backend: Backend, params: Params): Channel {
  const channel = channelOf(backend, params);
  if (channel.archived) throw new SlackRefusal("is_archived");
  if (!channel.botIsMember) throw new SlackRefusal("not_in_channel");
  return channel;
}

function contentOf(backend: Backend, params: Params): Pick<Message, "text" | "blocks"> {
  const text = textParam(params, "text") ?? "";
  const blocks = blocksOf(backend, params);
  if (text === "" && blocks.length === 0) throw new SlackRefusal("no_text");
  if (text.length > TEXT_LIMIT) throw new SlackRefusal("msg_too_long");
  return { text, ...(blocks.length > 0 && { blocks }) };
}

/**
 * The name and picture to post under. Both behaviours without the scope were observed: a refusal, and a post without them.
 * docs.slack.dev/reference/methods/chat.postMessage#authorship
 */
function personaOf(backend: Backend, params: Params): Persona | undefined {
  const name = textParam(params, "username") ?? "";
  const avatarUrl = textParam(params, "icon_url") ?? "";
  if (name === "" && avatarUrl === "") return undefined;
  const scope = "chat:write.customize";
  if (backend.ignoresPersonas && !backend.scopes.includes(scope)) return undefined;
  needScope(backend, scope);
  return { ...(name !== "" && { name }), ...(avatarUrl !== "" && { avatarUrl }) };
}

function blocksOf(backend: Backend, params: Params): readonly Block[] {
  const given = jsonParam(params, "blocks", "invalid_blocks_format");
  if (given === undefined || given === "") return [];
  const parsed = blockList.safeParse(given);
  if (!parsed.success || parsed.data.length > BLOCK_LIMIT) throw new SlackRefusal("invalid_blocks");
  for (const [at, block] of parsed.data.entries())
    if (block.type === "image" && !isShowable(backend, block.slack_file.id)) {
      const messages = [`[ERROR] invalid slack file [json-pointer:/blocks/${at}/slack_file]`];
      throw new SlackRefusal("invalid_blocks", { response_metadata: { messages } });
    }
  const markdown = parsed.data.flatMap((block) => (block.type === "markdown" ? block.text : []));
  if (markdown.reduce((sum, text) => sum + text.length, 0) > MARKDOWN_LIMIT) {
    throw new SlackRefusal("msg_blocks_too_long");
  }
  return parsed.data;
}

function metadataOf(params: Params): z.infer<typeof metadataObject> | undefined {
  const given = jsonParam(params, "metadata", "invalid_metadata_format");
  if (given === undefined || given === "") return undefined;
  const parsed = metadataObject.safeParse(given);
  if (!parsed.success) throw new SlackRefusal("invalid_metadata_format");
  return parsed.data;
}

/** The root of the thread to post in. The ts of a reply selects the reply's root. */
function threadOf(channel: Channel, ts: string | undefined): string | undefined {
  if (ts === undefined || ts === "") return undefined;
  const target = channel.messages.get(ts);
  if (!target) throw new SlackRefusal("thread_not_found");
  return target.threadTs ?? target.ts;
}

function ownMessage(
  backend: Backend,
  channel: Channel,
  params: Params,
  notOwn: "cant_update_message" | "cant_delete_message",
): Message {
  const message = channel.messages.get(textParam(params, "ts") ?? "");
  if (!message || message.tombstone) throw new SlackRefusal("message_not_found");
  if (message.author.id !== backend.bot.id) throw new SlackRefusal(notOwn);
  return message;
}
