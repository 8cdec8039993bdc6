/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import type * as admin from "../admin.js";
import type * as bridge from "../bridge.js";
import type * as deliveries from "../deliveries.js";
import type * as doctor from "../doctor.js";
import type * as index from "../index.js";
import type * as model_access from "../model/access.js";
import type * as model_activity from "../model/activity.js";
import type * as model_answering from "../model/answering.js";
import type * as model_askers from "../model/askers.js";
import type * as model_asking from "../model/asking.js";
import type * as model_channel_news from "../model/channel_news.js";
import type * as model_chat from "../model/chat.js";
import type * as model_claims from "../model/claims.js";
import type * as model_completion from "../model/completion.js";
import type * as model_completion_errors from "../model/completion_errors.js";
import type * as model_context from "../model/context.js";
import type * as model_conversations from "../model/conversations.js";
import type * as model_cursors from "../model/cursors.js";
import type * as model_deletions from "../model/deletions.js";
import type * as model_health from "../model/health.js";
import type * as model_ingest from "../model/ingest.js";
import type * as model_issuers from "../model/issuers.js";
import type * as model_jobs from "../model/jobs.js";
import type * as model_lanes from "../model/lanes.js";
import type * as model_limits from "../model/limits.js";
import type * as model_mapping_changes from "../model/mapping_changes.js";
import type * as model_mappings from "../model/mappings.js";
import type * as model_messages from "../model/messages.js";
import type * as model_notices from "../model/notices.js";
import type * as model_own_posts from "../model/own_posts.js";
import type * as model_people from "../model/people.js";
import type * as model_positions from "../model/positions.js";
import type * as model_problems from "../model/problems.js";
import type * as model_purging from "../model/purging.js";
import type * as model_reading from "../model/reading.js";
import type * as model_refusals from "../model/refusals.js";
import type * as model_reports from "../model/reports.js";
import type * as model_retries from "../model/retries.js";
import type * as model_settings from "../model/settings.js";
import type * as model_settlements from "../model/settlements.js";
import type * as model_speaking from "../model/speaking.js";
import type * as model_standing from "../model/standing.js";
import type * as model_status from "../model/status.js";
import type * as model_takedowns from "../model/takedowns.js";
import type * as model_text from "../model/text.js";
import type * as model_threads from "../model/threads.js";
import type * as model_tombstones from "../model/tombstones.js";
import type * as model_transcripts from "../model/transcripts.js";
import type * as model_triggers from "../model/triggers.js";
import type * as model_validators from "../model/validators.js";
import type * as model_version from "../model/version.js";
import type * as model_watchdog from "../model/watchdog.js";
import type * as model_withdrawals from "../model/withdrawals.js";
import type * as purge from "../purge.js";
import type * as replies from "../replies.js";
import type * as threads from "../threads.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  admin: typeof admin;
  bridge: typeof bridge;
  deliveries: typeof deliveries;
  doctor: typeof doctor;
  index: typeof index;
  "model/access": typeof model_access;
  "model/activity": typeof model_activity;
  "model/answering": typeof model_answering;
  "model/askers": typeof model_askers;
  "model/asking": typeof model_asking;
  "model/channel_news": typeof model_channel_news;
  "model/chat": typeof model_chat;
  "model/claims": typeof model_claims;
  "model/completion": typeof model_completion;
  "model/completion_errors": typeof model_completion_errors;
  "model/context": typeof model_context;
  "model/conversations": typeof model_conversations;
  "model/cursors": typeof model_cursors;
  "model/deletions": typeof model_deletions;
  "model/health": typeof model_health;
  "model/ingest": typeof model_ingest;
  "model/issuers": typeof model_issuers;
  "model/jobs": typeof model_jobs;
  "model/lanes": typeof model_lanes;
  "model/limits": typeof model_limits;
  "model/mapping_changes": typeof model_mapping_changes;
  "model/mappings": typeof model_mappings;
  "model/messages": typeof model_messages;
  "model/notices": typeof model_notices;
  "model/own_posts": typeof model_own_posts;
  "model/people": typeof model_people;
  "model/positions": typeof model_positions;
  "model/problems": typeof model_problems;
  "model/purging": typeof model_purging;
  "model/reading": typeof model_reading;
  "model/refusals": typeof model_refusals;
  "model/reports": typeof model_reports;
  "model/retries": typeof model_retries;
  "model/settings": typeof model_settings;
  "model/settlements": typeof model_settlements;
  "model/speaking": typeof model_speaking;
  "model/standing": typeof model_standing;
  "model/status": typeof model_status;
  "model/takedowns": typeof model_takedowns;
  "model/text": typeof model_text;
  "model/threads": typeof model_threads;
  "model/tombstones": typeof model_tombstones;
  "model/transcripts": typeof model_transcripts;
  "model/triggers": typeof model_triggers;
  "model/validators": typeof model_validators;
  "model/version": typeof model_version;
  "model/watchdog": typeof model_watchdog;
  "model/withdrawals": typeof model_withdrawals;
  purge: typeof purge;
  replies: typeof replies;
  threads: typeof threads;
}>;
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;

export declare const components: {
  rateLimiter: import("@convex-dev/rate-limiter/_generated/component.js").ComponentApi<"rateLimiter">;
};
