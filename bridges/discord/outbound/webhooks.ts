import type { REST } from "@discordjs/rest";
import { RESTJSONErrorCodes as Code, Routes } from "discord-api-types/v10";
import { z } from "zod";
import { cut, onOneLine } from "../../../convex/model/shared/text.ts";
import { PlatformError } from "../../core/shared/errors.ts";
import { lenient, lenientList } from "../../core/shared/lenient.ts";
import { attempt } from "../rest.ts";
import { explain, isCode, ownFailure } from "../sdk_errors.ts";

/** A webhook of the bot's application. Who has the token can post. */
export interface Webhook {
  readonly id: string;
  readonly token: string;
}

const webhookForm = z.object({
  id: z.string().regex(/^\d{1,20}$/),
  // Discord shows the token only to the application that made the webhook.
  token: lenient(z.string()),
  application_id: lenient(z.string()),
});
const listForm = lenientList(webhookForm);

/** What Discord calls the webhook in the channel's settings. */
const NAME = "Bridge";

/** How long the bot posts by itself in a channel where it can have no webhook, in ms: then it asks again. */
const WITHOUT_MS = 10 * 60_000;

/**
 * The bot may not manage webhooks there, or the channel or server has as many as Discord allows.
 * https://discord.com/developers/docs/resources/webhook#create-webhook
 */
const NONE_POSSIBLE = [
  Code.MissingPermissions,
  Code.MissingAccess,
  Code.MaximumNumberOfWebhooksReached,
  Code.MaximumNumberOfWebhooksPerGuildReached,
];

type Known = { readonly webhook: Webhook } | { readonly noneUntil: number };

/** The webhooks by which the bridge posts in people's names, one a channel. */
export class Webhooks {
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Webhook | undefined>>();

  constructor(
    private readonly rest: REST,
    private readonly appId: () => string,
  ) {}

  /** The webhook of a channel, made if there is none; undefined where the bot can have none. Throws `PlatformError`. */
  async of(channel: string, signal: AbortSignal): Promise<Webhook | undefined> {
    const known = this.#known.get(channel);
    if (known && "webhook" in known) return known.webhook;
    if (known && performance.now() < known.noneUntil) return undefined;
    // Several threads of a channel may ask at the same time.
    const asking = this.#asking.get(channel) ?? this.#ask(channel, signal);
    this.#asking.set(channel, asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(channel);
    }
  }

  /** The webhook was deleted: it never works again. */
  forget(channel: string): void {
    this.#known.delete(channel);
  }

  async #ask(channel: string, signal: AbortSignal): Promise<Webhook | undefined> {
    try {
      const webhook = (await this.#find(channel, signal)) ?? (await this.#makeOne(channel, signal));
      this.#known.set(channel, { webhook });
      return webhook;
    } catch (error) {
      if (!NONE_POSSIBLE.some((code) => isCode(error, code))) throw error;
      this.#known.set(channel, { noneUntil: performance.now() + WITHOUT_MS });
      return undefined;
    }
  }

  async #find(channel: string, signal: AbortSignal): Promise<Webhook | undefined> {
    const answer = await this.#send(signal, () =>
      this.rest.get(Routes.channelWebhooks(channel), { signal }),
    );
    const list = listForm.safeParse(answer);
    if (!list.success) throw ownFailure("malformed_answer");
    let oldest: Webhook | undefined;
    for (const { id, token, application_id: app } of list.data)
      if (token !== undefined && app === this.appId() && isOlder(id, oldest?.id))
        oldest = { id, token };
    return oldest;
  }

  /** Another process may make one at the same time: only the webhook that posted a message can edit it, so both take the oldest. */
  async #makeOne(channel: string, signal: AbortSignal): Promise<Webhook> {
    const made = await this.#make(channel, signal);
    return (await this.#find(channel, signal)) ?? made;
  }

  async #make(channel: string, signal: AbortSignal): Promise<Webhook> {
    const answer = await this.#send(signal, () =>
      this.rest.post(Routes.channelWebhooks(channel), { body: { name: NAME }, signal }),
    );
    const { id, token } = webhookForm.safeParse(answer).data ?? {};
    if (id === undefined || token === undefined) throw ownFailure("malformed_answer");
    return { id, token };
  }

  /** None of these requests posts anything, so their failures are certain. */
  #send(signal: AbortSignal, run: () => Promise<unknown>): Promise<unknown> {
    const { aborted } = signal;
    return attempt(run, (error) => explain(error, { operation: "read", sent: false, aborted }));
  }
}

function isOlder(id: string, than: string | undefined): boolean {
  return than === undefined || BigInt(id) < BigInt(than);
}

/** Discord's answers, and the bridge's own, if a webhook was deleted or belongs to another channel by now. */
const WEBHOOK_LOST = [
  Code.UnknownWebhook,
  Code.InvalidWebhookToken,
  // The thread is in another channel than the webhook, or it is gone.
  Code.UnknownChannel,
  Code.WebhooksPostedToForumChannelsMustHaveAThreadNameOrThreadId,
  Code.WebhooksCanOnlyCreateThreadsInForumChannels,
];

/** docs/races.md#a-webhook-is-lost */
export function isWebhookLost(error: unknown): boolean {
  if (error instanceof PlatformError && error.code === "webhook_moved") return true;
  return WEBHOOK_LOST.some((code) => isCode(error, code));
}

/** Characters of a webhook's name. */
const MOST_NAME = 80;

/**
 * The name under which a webhook posts: what Discord refuses in it is altered so that people see it.
 * https://discord.com/developers/docs/resources/webhook#create-webhook
 */
export function webhookName(name: string): string {
  const shown = onOneLine(name).replace(/cly(?=de)|dis(?=cord)|^(?=(?:everyone|here)$)/gi, "$&·");
  const allowed = shown || "somebody";
  return allowed.length <= MOST_NAME ? allowed : `${cut(allowed, MOST_NAME - 1)}…`;
}
