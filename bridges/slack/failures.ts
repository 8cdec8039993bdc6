/*
 * Every Slack error code that the product handles: what it means and what to do. Pure data without the SDK, so that the
 * CLI can use the same texts; `sdk_errors.ts` turns the SDK's errors into it. https://docs.slack.dev/reference/methods/chat.postMessage
 */

/** The app's two tokens. Each is replaced in another place. */
export type TokenKind = "bot" | "app";

/**
 * What one error code means.
 * transient  a retry can succeed although nobody acts; unless `certain`, Slack may have carried out the request
 * request    this request cannot succeed, others in the channel can
 * channel    no such request can succeed in the channel until a person acts
 * token      a token does not work; the process ends, and what it was about to post is left for the next one
 */
export type Failure = { readonly reason: string } & (
  | { readonly kind: "transient"; readonly certain: boolean }
  | { readonly kind: "request"; readonly step: string }
  | { readonly kind: "channel"; readonly step: string }
  | { readonly kind: "token" }
);

export type ChannelFailure = Extract<Failure, { kind: "channel" }>;

const APP = "api.slack.com/apps > your app";
/** What a person sends, where the bot's name is not known. */
export const INVITE_UNNAMED = "/invite @ followed by the bot's name";
const INVITE = `In Slack, open the channel and send ${INVITE_UNNAMED}`;
const UNARCHIVE = "Unarchive the channel in Slack, or unmap it and map another one";
const POSTING = "In Slack, channel settings > Permissions: let the bot post in this channel";
const ADMINS = "Ask the workspace's administrators to allow the app";
const SHORTEN = "Report this: the bridge splits replies to fit, and this piece did not";
const REPORT = "Report this: the bridge made a request that Slack does not accept";
const NOTHING = "No action is needed";

const channel = (reason: string, step: string) => ({ kind: "channel" as const, reason, step });
const request = (reason: string, step: string): Failure => ({ kind: "request", reason, step });
const token = (reason: string): Failure => ({ kind: "token", reason });
const later = (reason: string): Failure => ({ kind: "transient", reason, certain: true });
const unclear = (reason: string): Failure => ({ kind: "transient", reason, certain: false });

/** By Slack's error code; `channel_deleted`, `file_not_visible`, `file_elsewhere`, `malformed_answer`, `timeout`, `network`, `unreachable` and `not_sent` are the bridge's own. */
export const FAILURES = {
  not_in_channel: channel("the bot is not in the channel", INVITE),
  channel_not_found: channel(
    "the channel does not exist, or it is private and the bot is not in it",
    `Check the id; if the channel is private, open it in Slack and send ${INVITE_UNNAMED}`,
  ),
  channel_deleted: channel("the channel was deleted in Slack", "Unmap it and map another one"),
  is_archived: channel("the channel is archived", UNARCHIVE),
  is_inactive: channel("the channel is frozen", UNARCHIVE),
  no_permission: channel("the app may not post in this channel", INVITE),
  ekm_access_denied: channel("the workspace's administrators suspended posting", ADMINS),
  access_denied: channel("the workspace does not let the app do this", ADMINS),
  accesslimited: channel("the workspace blocks the app from this network", ADMINS),
  team_access_not_granted: channel("the app is not approved for this workspace", ADMINS),
  enterprise_is_restricted: channel("the organization does not let the app do this", ADMINS),
  method_not_supported_for_channel_type: channel(
    "this kind of conversation does not support this",
    "Map a channel instead",
  ),
  restricted_action: channel("the workspace does not let the bot post here", POSTING),
  restricted_action_read_only_channel: channel("the channel is read-only", POSTING),
  restricted_action_non_threadable_channel: channel("the channel allows no threads", POSTING),
  restricted_action_thread_only_channel: channel("the channel allows only threads", POSTING),
  restricted_action_thread_locked: request("the thread is locked", POSTING),
  file_not_found: request("the file no longer exists", NOTHING),
  file_not_visible: request("Slack does not let the bot read the file", NOTHING),
  file_elsewhere: request("the file is not on Slack's own hosts", NOTHING),
  thread_not_found: request("the thread no longer exists", NOTHING),
  cannot_reply_to_message: request("this message allows no replies", POSTING),
  message_not_found: request("the message no longer exists", NOTHING),
  cant_update_message: request("Slack does not let the bot edit this message", REPORT),
  cant_delete_message: request("Slack does not let the bot delete this message", REPORT),
  edit_window_closed: request("the workspace no longer allows this edit", NOTHING),
  msg_too_long: request("the text is too long for Slack", SHORTEN),
  msg_blocks_too_long: request("the text is too long for a block", SHORTEN),
  invalid_blocks: request("Slack does not accept this block", REPORT),
  invalid_blocks_format: request("Slack does not accept this block", REPORT),
  invalid_arguments: request("Slack does not accept this request", REPORT),
  invalid_metadata_format: request("Slack does not accept the post's metadata", REPORT),
  invalid_metadata_schema: request("Slack does not accept the post's metadata", REPORT),
  metadata_too_large: request("the post's metadata is too long for Slack", REPORT),
  no_text: request("the reply is empty", REPORT),
  ratelimited: later("Slack's rate limit is used up"),
  rate_limited: later("Slack's rate limit is used up"),
  message_limit_exceeded: later("the workspace has reached its limit of messages"),
  service_unavailable: later("Slack is unavailable"),
  org_login_required: later("the workspace is moving to another organization"),
  team_added_to_org: later("the workspace is moving to another organization"),
  request_timeout: later("Slack received only part of the request"),
  internal_error: unclear("Slack had an internal error"),
  fatal_error: unclear("Slack had an internal error and may have posted"),
  duplicate_message_not_found: unclear("Slack recognizes the post but cannot find it"),
  duplicate_channel_not_found: unclear("Slack recognizes the post from another channel"),
  malformed_answer: unclear("Slack's answer could not be read"),
  timeout: unclear("Slack did not answer in time"),
  network: unclear("the connection to Slack broke"),
  unreachable: later("Slack cannot be reached"),
  not_sent: request("Slack's client could not make the request, so nothing was sent", REPORT),
  invalid_auth: token("Slack does not accept the token"),
  not_authed: token("Slack received no token"),
  token_revoked: token("the token was revoked"),
  token_expired: token("the token has expired"),
  account_inactive: token("the app or its bot user was removed from the workspace"),
  user_removed_from_team: token("the app was removed from the workspace"),
  team_disabled: token("the workspace was disabled"),
  not_allowed_token_type: token("this is another kind of token"),
};

const BY_CODE: ReadonlyMap<string, Failure> = new Map(Object.entries(FAILURES));

/** How to replace a token that does not work. */
export const TOKEN_STEP: Readonly<Record<TokenKind, string>> = {
  bot: `Set SLACK_BOT_TOKEN to the Bot User OAuth Token (xoxb-…) from ${APP} > OAuth & Permissions, after Install to Workspace`,
  app: `Set SLACK_APP_TOKEN to a token (xapp-…) with the scope connections:write from ${APP} > Basic Information > App-Level Tokens, and turn on ${APP} > Socket Mode`,
};

/** How to give the bot scopes that it lacks. */
export function addScopes(scopes: string): string {
  return `${APP} > OAuth & Permissions > Bot Token Scopes: add ${scopes}, then Reinstall to Workspace`;
}

/** What an error code means. `needed`: the scopes that Slack reports as missing, separated by commas. */
export function failureOf(code: string, needed?: string): Failure {
  const failure = BY_CODE.get(code);
  if (failure !== undefined) return failure;
  if (code === "missing_scope") {
    const lacking = needed === undefined ? "a scope" : `the scope ${needed}`;
    return channel(
      `the bot lacks ${lacking}`,
      addScopes(needed ?? "the scopes of slack-app-manifest.json"),
    );
  }
  const status = /^http_(\d{3})$/.exec(code)?.[1];
  if (status !== undefined) {
    const reason = `Slack answered with HTTP ${status}`;
    return Number(status) >= 500 || status === "408" ? unclear(reason) : later(reason);
  }
  return request(`Slack refused the request: ${code}`, `Look up ${code} in Slack's documentation`);
}

/** Whether only a person can make the process work again. */
export function isFatal(code: string, kind: TokenKind): boolean {
  // Without a scope the bot token still works in part; the app token cannot open a socket.
  return failureOf(code).kind === "token" || (code === "missing_scope" && kind === "app");
}
