import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { FatalError, PlatformError, type PlatformErrorFields } from "../core/shared/errors.ts";
import { isConnectError } from "../core/shared/network_errors.ts";

/** Which of the app's two tokens a request was made with: they are mended in different places. */
export type TokenKind = "bot" | "app";

interface Rule {
  readonly reason: string;
  /** Whom it concerns: this one delivery, everything in the channel, or the process. */
  readonly concerns: "delivery" | "channel" | "process";
  readonly retryable?: true;
  /** Slack may have carried it out all the same. */
  readonly uncertain?: true;
  readonly step?: string;
}

const APP = "api.slack.com/apps > your app";
const INVITE = "In Slack, open the channel and send: /invite @ and the bot's name";
const MAP_ANOTHER = "Unarchive the channel in Slack, or map another one";
const POSTING = "In Slack, channel settings > Permissions: let the bot post in this channel";
const ADMINS = "Ask the workspace's administrators to allow the app";
const SHORTEN = "Report this: the bridge cuts replies to fit, and this one did not";
const REPORT = "Report this: the bridge sent what Slack does not take";

const channel = (reason: string, step: string): Rule => ({ reason, concerns: "channel", step });
const delivery = (reason: string, step: string): Rule => ({ reason, concerns: "delivery", step });
const dead = (reason: string): Rule => ({ reason, concerns: "process" });
const later = (reason: string): Rule => ({ reason, concerns: "delivery", retryable: true });
const unclear = (reason: string): Rule => ({ ...later(reason), uncertain: true });

/** Slack's error codes: https://docs.slack.dev/reference/methods/chat.postMessage */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ["not_in_channel", channel("the bot is not in the channel", INVITE)],
  ["channel_not_found", channel("the bot cannot see the channel, or it is gone", INVITE)],
  ["is_archived", channel("the channel is archived", MAP_ANOTHER)],
  ["is_inactive", channel("the channel is frozen", MAP_ANOTHER)],
  ["no_permission", channel("the app may not post in this channel", INVITE)],
  ["ekm_access_denied", channel("the workspace's administrators stopped posting", ADMINS)],
  ["access_denied", channel("the workspace does not let the app do this", ADMINS)],
  ["accesslimited", channel("the workspace does not let the app in from this network", ADMINS)],
  ["team_access_not_granted", channel("the app is not approved for this workspace", ADMINS)],
  ["enterprise_is_restricted", channel("the organisation does not let the app do this", ADMINS)],
  [
    "method_not_supported_for_channel_type",
    channel("this kind of conversation does not take this", "Map a channel instead"),
  ],
  ["restricted_action", channel("the workspace does not let the bot post here", POSTING)],
  ["restricted_action_read_only_channel", channel("the channel is read-only", POSTING)],
  ["restricted_action_non_threadable_channel", channel("the channel allows no threads", POSTING)],
  ["restricted_action_thread_only_channel", channel("the channel allows only threads", POSTING)],
  ["restricted_action_thread_locked", delivery("the thread is locked", POSTING)],
  ["thread_not_found", delivery("the thread is no longer there", "Nothing to do")],
  ["cannot_reply_to_message", delivery("this message allows no replies", POSTING)],
  ["message_not_found", delivery("the message is no longer there", "Nothing to do")],
  ["cant_update_message", delivery("Slack does not let the bot edit this message", REPORT)],
  ["cant_delete_message", delivery("Slack does not let the bot delete this message", REPORT)],
  ["edit_window_closed", delivery("the workspace no longer allows this edit", "Nothing to do")],
  ["msg_too_long", delivery("the text is too long for Slack", SHORTEN)],
  ["msg_blocks_too_long", delivery("the text is too long for a block", SHORTEN)],
  ["invalid_blocks", delivery("Slack does not take this block", REPORT)],
  ["invalid_blocks_format", delivery("Slack does not take this block", REPORT)],
  ["invalid_arguments", delivery("Slack does not take this request", REPORT)],
  ["invalid_metadata_format", delivery("Slack does not take the post's metadata", REPORT)],
  ["invalid_metadata_schema", delivery("Slack does not take the post's metadata", REPORT)],
  ["metadata_too_large", delivery("the post's metadata is too long for Slack", REPORT)],
  ["no_text", delivery("the reply is empty", REPORT)],
  ["ratelimited", later("Slack asks to slow down")],
  ["rate_limited", later("Slack asks to slow down")],
  ["message_limit_exceeded", later("the workspace has reached its limit of messages")],
  ["service_unavailable", later("Slack is unavailable")],
  ["org_login_required", later("the workspace is being moved to another organisation")],
  ["team_added_to_org", later("the workspace is being moved to another organisation")],
  ["request_timeout", later("Slack received only a part of the request")],
  ["internal_error", unclear("Slack had an internal error")],
  ["fatal_error", unclear("Slack had an internal error and may have posted")],
  ["duplicate_message_not_found", unclear("Slack knows the post and does not find it")],
  ["duplicate_channel_not_found", unclear("Slack knows the post in another channel")],
  ["malformed_answer", unclear("Slack's answer could not be read")],
  ["timeout", unclear("Slack did not answer in time")],
  ["network", unclear("the connection to Slack broke")],
  ["unreachable", later("Slack cannot be reached")],
  ["invalid_auth", dead("Slack does not accept the token")],
  ["not_authed", dead("Slack received no token")],
  ["token_revoked", dead("the token was revoked")],
  ["token_expired", dead("the token has expired")],
  ["account_inactive", dead("the app or its bot user was removed from the workspace")],
  ["user_removed_from_team", dead("the app was removed from the workspace")],
  ["team_disabled", dead("the workspace was disabled")],
  ["not_allowed_token_type", dead("this is another kind of token")],
]);

const TOKEN_STEP: Readonly<Record<TokenKind, string>> = {
  bot: `Set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…) of ${APP} > OAuth & Permissions, after Install to Workspace`,
  app: `Set SLACK_APP_TOKEN to a token (xapp-…) with the scope connections:write of ${APP} > Basic Information > App-Level Tokens, and turn on ${APP} > Socket Mode`,
};

/** Reads any failure of a Slack request. Nothing of the request or the answer's text is kept. */
export function platformError(error: unknown): PlatformError {
  const { code, retryAfterMs, needed } = read(error);
  const rule = ruleOf(code, needed);
  const retryable = rule.retryable === true || rule.concerns === "process";
  const fields: PlatformErrorFields = {
    code,
    reason: rule.reason,
    // A token problem ends the process; what it was about to post waits for the next one.
    retryable,
    certain: rule.uncertain !== true,
    mapping: rule.concerns === "channel",
    ...(retryable && retryAfterMs !== undefined ? { retryAfterMs } : {}),
    ...(!retryable && rule.step !== undefined ? { step: rule.step } : {}),
  };
  return new PlatformError(fields);
}

/** The failure as the end of the process, where only a person can mend it: a token that no longer works. */
export function fatalError(error: unknown, token: TokenKind): FatalError | undefined {
  const { code, needed } = read(error);
  const rule = ruleOf(code, needed);
  if (rule.concerns === "process") return new FatalError(code, rule.reason, TOKEN_STEP[token]);
  // No posting without a scope is trouble of one mapping; no socket without one is the end.
  if (code === "missing_scope" && token === "app")
    return new FatalError(code, rule.reason, TOKEN_STEP.app);
  return undefined;
}

/** The bot was uninstalled, or its token revoked, while the bridge was running. */
export function revokedError(): FatalError {
  return new FatalError(
    "token_revoked",
    "the app was uninstalled from the workspace",
    TOKEN_STEP.bot,
  );
}

function ruleOf(code: string, needed: string | undefined): Rule {
  const rule = RULES.get(code);
  if (rule !== undefined) return rule;
  if (code === "missing_scope") {
    const scope = needed ?? "the scopes of this project's app manifest";
    const step = `${APP} > OAuth & Permissions > Scopes: add ${scope}, then Reinstall to Workspace`;
    return channel(
      `the bot lacks ${needed === undefined ? "a scope" : `the scope ${needed}`}`,
      step,
    );
  }
  const status = /^http_(\d{3})$/.exec(code)?.[1];
  if (status !== undefined) {
    const reason = `Slack answered with HTTP ${status}`;
    return Number(status) >= 500 || status === "408" ? unclear(reason) : later(reason);
  }
  return delivery(`Slack refused it: ${code}`, `Look ${code} up in Slack's documentation`);
}

interface Failure {
  readonly code: string;
  readonly retryAfterMs?: number;
  /** Scopes Slack says are missing. */
  readonly needed?: string;
}

function read(error: unknown): Failure {
  if (error instanceof WebAPIRateLimitedError)
    return { code: "ratelimited", retryAfterMs: error.retryAfter * 1000 };
  if (error instanceof WebAPIPlatformError) {
    const { error: code, needed } = { needed: undefined, ...error.data };
    // Where the body is no JSON the client gives all of it as the error.
    if (!/^[a-z][a-z0-9_]{0,80}$/.test(code)) return { code: "malformed_answer" };
    return typeof needed === "string" && /^[a-z0-9_.:, ]{1,200}$/i.test(needed)
      ? { code, needed }
      : { code };
  }
  if (error instanceof WebAPIHTTPError) return { code: `http_${error.statusCode}` };
  return { code: transportCode(error instanceof WebAPIRequestError ? error.original : error) };
}

function transportCode(error: unknown): "timeout" | "unreachable" | "network" {
  let cause = error;
  for (let depth = 0; depth < 5 && cause instanceof Error; depth += 1) {
    if (cause.name === "TimeoutError" || cause.name === "AbortError") return "timeout";
    if ("code" in cause && isConnectError(cause.code)) return "unreachable";
    cause = cause.cause;
  }
  return "network";
}
