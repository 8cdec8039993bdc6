import type { Logger } from "pino";
import { z } from "zod";
import { backoffMs, pause } from "../core/shared/backoff.ts";
import { FatalError, PlatformError } from "../core/shared/errors.ts";
import { lenient } from "../core/shared/lenient.ts";
import { fatalError, platformError } from "./sdk_errors.ts";
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
      const identity = await identityOf(api, signal);
      if (identity !== undefined) return identity;
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

const testForm = z.object({
  user_id: z.string(),
  team_id: z.string(),
  bot_id: lenient(z.string()),
});

/** Undefined if the token is a person's. */
async function identityOf(api: SlackApi, signal: AbortSignal): Promise<Identity | undefined> {
  const answer = testForm.safeParse(await api.call("auth.test", {}, signal));
  if (!answer.success) throw platformError("malformed_answer");
  const { user_id: botUserId, bot_id: botId, team_id: teamId } = answer.data;
  return botId === undefined ? undefined : { botUserId, botId, teamId };
}
