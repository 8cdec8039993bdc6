import type { Logger } from "pino";
import { backoffMs, pause } from "../core/shared/backoff.ts";
import { FatalError, PlatformError } from "../core/shared/errors.ts";
import { fatalError } from "./sdk_errors.ts";
import { TOKEN_STEP } from "./failures.ts";
import { OUTAGE_BACKOFF, type SlackApi } from "./web.ts";

/** The bridge's own ids on Slack. */
export interface Identity {
  readonly botUserId: string;
  readonly botId: string;
  readonly teamId: string;
}

/**
 * Requests the ids of the token's bot. Retries while Slack is unavailable, until `signal` aborts. Rejects with
 * `FatalError` if the token cannot be used.
 */
export async function identify(api: SlackApi, log: Logger, signal: AbortSignal): Promise<Identity> {
  for (let failures = 1; ; failures += 1) {
    try {
      const answer = await api.request((web) => web.auth.test(), signal);
      const { user_id: botUserId, bot_id: botId, team_id: teamId } = answer;
      if (botUserId !== undefined && botId !== undefined && teamId !== undefined)
        return { botUserId, botId, teamId };
      const reason = "the token belongs to a person, not to the bot";
      throw new FatalError("not_a_bot_token", reason, TOKEN_STEP.bot);
    } catch (error) {
      if (signal.aborted || !(error instanceof PlatformError)) throw error;
      const fatal = fatalError(error, "bot");
      if (fatal !== undefined) throw fatal;
      const { code, retryAfterMs } = error;
      log.warn({ code }, "cannot reach Slack, retrying");
      await pause(retryAfterMs ?? backoffMs(failures, OUTAGE_BACKOFF), signal);
    }
  }
}
