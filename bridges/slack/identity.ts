import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import { backoffMs, pause } from "../core/shared/backoff.ts";
import { FatalError } from "../core/shared/errors.ts";
import { fatalError, platformError } from "./failures.ts";
import type { Profile } from "./inbound/people.ts";
import { AWAY, createWebClient, type SlackConfig } from "./web.ts";

/** Who the bridge is on Slack. */
export interface Identity {
  readonly botUserId: string;
  readonly botId: string;
  readonly teamId: string;
}

/**
 * Asks Slack whose token this is; again and again while Slack is away, until `signal` aborts. Rejects with
 * `FatalError` when the token is of no use.
 */
export async function identify(
  config: SlackConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<Identity> {
  const web = createWebClient(config, log, signal);
  for (let failures = 1; ; failures += 1) {
    try {
      const { user_id: botUserId, bot_id: botId, team_id: teamId } = await web.auth.test();
      if (botUserId !== undefined && botId !== undefined && teamId !== undefined)
        return { botUserId, botId, teamId };
      throw new FatalError(
        "not_a_bot_token",
        "the token is a person's, not the bot's",
        "Set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…) of api.slack.com/apps > your app > OAuth & Permissions",
      );
    } catch (error) {
      if (signal.aborted || error instanceof FatalError) throw error;
      const fatal = fatalError(error, "bot");
      if (fatal !== undefined) throw fatal;
      const { code, retryAfterMs } = platformError(error);
      log.warn({ code }, "cannot reach Slack yet");
      await pause(retryAfterMs ?? backoffMs(failures, AWAY), signal);
    }
  }
}

/** Asks Slack for a person's name and picture. Rejects with the client's errors. */
export async function profileOf(web: WebClient, userId: string): Promise<Profile | undefined> {
  const { user } = await web.users.info({ user: userId });
  const { display_name, real_name, image_72 } = user?.profile ?? {};
  const name = [display_name, real_name, user?.real_name, user?.name].find(
    (each) => each !== undefined && each !== "",
  );
  if (name === undefined) return undefined;
  return { name, ...(image_72 === undefined ? {} : { avatarUrl: image_72 }) };
}
