import { App } from "@slack/bolt";
import type { Logger } from "pino";
import type { Identity } from "../identity.ts";
import { sdkLogger } from "../sdk_log.ts";
import { type SlackConfig, webOptions } from "../web.ts";
import type { EventDispatcher } from "./dispatcher.ts";
import type { CommitReceiver } from "./receiver.ts";

/**
 * Starts the Bolt app that passes the receiver's events to the dispatcher. Resolves once events arrive; waits while
 * Slack is unavailable. Rejects with `FatalError`, or if the receiver is stopped before.
 */
export async function connect(
  receiver: CommitReceiver,
  events: EventDispatcher,
  { botId, botUserId }: Identity,
  config: SlackConfig,
  log: Logger,
): Promise<void> {
  const app = new App({
    receiver,
    token: config.botToken,
    botId,
    botUserId,
    tokenVerificationEnabled: false,
    convoStore: false,
    // Bolt compares only the outer event, and would drop the deletion of an answer. `normalise` decides.
    ignoreSelf: false,
    logger: sdkLogger(log),
    clientOptions: webOptions(config),
  });
  // The default handler logs the whole error. Without the rejection a failed event would be acknowledged.
  app.error((error) => Promise.reject(error));
  events.attachTo(app);
  await app.start();
}
