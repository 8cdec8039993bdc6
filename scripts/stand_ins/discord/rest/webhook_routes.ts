import { RESTJSONErrorCodes as Code, WebhookType, type APIWebhook } from "discord-api-types/v10";
import { z } from "zod";
import type { Backend } from "../backend.ts";
import { type Call, channelOf, type Handler, ok } from "./call.ts";
import { attachmentsField } from "../cdn/uploads.ts";
import { allowedMentions, parseBody } from "./create_message.ts";
import { editMessage } from "./edit_message.ts";
import { checkName, executeWebhook, threadOf } from "./execute_webhook.ts";
import { messagePayload, userPayload } from "../payloads/message_payloads.ts";
import { MOST_WEBHOOKS } from "../world/guild_changes.ts";
import { applicationOf, type Message, type TextChannel, type Webhook } from "../world/model.ts";
import { refuse } from "./refusals.ts";
import { isDenied, type World } from "../world/world.ts";

const createBody = z.object({
  name: z.string(),
  avatar: z.string().optional(),
});
const editBody = z.object({
  content: z.string().optional(),
  flags: z.int().optional(),
  allowed_mentions: allowedMentions.optional(),
  attachments: attachmentsField,
});

/** The routes of webhooks. Those with a token need no authorization: the token is one. */
export const webhookRoutes = {
  "GET channels/:id/webhooks": (backend, call) => {
    const { world } = backend;
    const found = world.webhooksOf(manageableChannel(backend, call));
    return ok(found.map((webhook) => webhookPayload(world, webhook)));
  },
  "POST channels/:id/webhooks": (backend, call) => {
    const { world } = backend;
    const channel = manageableChannel(backend, call);
    const { name } = parseBody(createBody, call.body, "POST channels/:id/webhooks");
    const trimmed = name.trim();
    checkName("name", trimmed);
    if (world.webhooksOf(channel).length >= MOST_WEBHOOKS) {
      throw refuse(Code.MaximumNumberOfWebhooksReached);
    }
    return ok(webhookPayload(world, world.addWebhook(channel, trimmed, world.bot)));
  },
  "DELETE webhooks/:id": ({ world }, call) => {
    const webhook = world.webhooks.get(call.ids[0] ?? "");
    if (!webhook) throw refuse(Code.UnknownWebhook);
    if (isDenied(webhook.channel, "webhooks")) throw refuse(Code.MissingPermissions);
    world.removeWebhook(webhook);
    return { status: 204 };
  },
  "DELETE webhooks/:id/:token": ({ world }, call) => {
    world.removeWebhook(webhookOf(world, call));
    return { status: 204 };
  },
  "POST webhooks/:id/:token": (backend, call) => {
    const payload = executeWebhook(backend, webhookOf(backend.world, call), call);
    return call.query.get("wait") === "true" ? ok(payload) : { status: 204 };
  },
  "GET webhooks/:id/:token/messages/:message": ({ world }, call) =>
    ok(messagePayload(world, messageOf(world, call))),
  "PATCH webhooks/:id/:token/messages/:message": ({ world }, call) => {
    const message = messageOf(world, call);
    const body = parseBody(editBody, call.body, "PATCH webhooks/:id/:token/messages/:message");
    return ok(editMessage(world, message, body, call.files));
  },
  "DELETE webhooks/:id/:token/messages/:message": ({ world }, call) => {
    world.remove(messageOf(world, call));
    return { status: 204 };
  },
} as const satisfies Record<string, Handler>;

/** The channel whose webhooks the bot manages. A thread has none of its own. */
function manageableChannel(backend: Backend, call: Call): TextChannel {
  const channel = channelOf(backend, call);
  if (channel.kind !== "text") throw refuse(Code.CannotExecuteActionOnThisChannelType);
  if (isDenied(channel, "webhooks")) throw refuse(Code.MissingPermissions);
  return channel;
}

function webhookOf(world: World, call: Call): Webhook {
  const webhook = world.webhooks.get(call.ids[0] ?? "");
  if (!webhook) throw refuse(Code.UnknownWebhook);
  if (webhook.token !== call.ids[1]) throw refuse(Code.InvalidWebhookToken);
  return webhook;
}

/** A message of the webhook. One in a thread is found only with the `thread_id`. */
function messageOf(world: World, call: Call): Message {
  const webhook = webhookOf(world, call);
  const message = threadOf(world, webhook, call).messages.get(call.ids[2] ?? "");
  if (message?.author.id !== webhook.id) throw refuse(Code.UnknownMessage);
  return message;
}

/** The tokens of other applications' webhooks are left out. */
function webhookPayload(world: World, webhook: Webhook): APIWebhook {
  const { id, name, token, channel, madeBy } = webhook;
  const applicationId = applicationOf(webhook);
  const isForeign = applicationId !== undefined && applicationId !== world.bot.id;
  return {
    id,
    type: WebhookType.Incoming,
    guild_id: world.guild.id,
    channel_id: channel.id,
    application_id: applicationId ?? null,
    name,
    avatar: null,
    user: userPayload(madeBy),
    ...(isForeign ? {} : { token }),
  };
}
