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
import type * as access from "../access.js";
import type * as admin from "../admin.js";
import type * as answer from "../answer.js";
import type * as apps from "../apps.js";
import type * as bridge from "../bridge.js";
import type * as crons from "../crons.js";
import type * as deliveries from "../deliveries.js";
import type * as doctor from "../doctor.js";
import type * as http from "../http.js";
import type * as index from "../index.js";
import type * as model_access_app_providers from "../model/access/app_providers.js";
import type * as model_access_caller from "../model/access/caller.js";
import type * as model_access_issuers from "../model/access/issuers.js";
import type * as model_admin_activity from "../model/admin/activity.js";
import type * as model_admin_feedback from "../model/admin/feedback.js";
import type * as model_admin_map_unmap from "../model/admin/map_unmap.js";
import type * as model_admin_purge from "../model/admin/purge.js";
import type * as model_admin_status from "../model/admin/status.js";
import type * as model_admin_transcript from "../model/admin/transcript.js";
import type * as model_apps_file_headers from "../model/apps/file_headers.js";
import type * as model_apps_message_view from "../model/apps/message_view.js";
import type * as model_apps_people from "../model/apps/people.js";
import type * as model_apps_read_channels from "../model/apps/read_channels.js";
import type * as model_apps_readable_file from "../model/apps/readable_file.js";
import type * as model_apps_serve_file from "../model/apps/serve_file.js";
import type * as model_files_announced from "../model/files/announced.js";
import type * as model_files_attach from "../model/files/attach.js";
import type * as model_files_awaited from "../model/files/awaited.js";
import type * as model_files_drop_uploads from "../model/files/drop_uploads.js";
import type * as model_files_go_on from "../model/files/go_on.js";
import type * as model_files_wanted from "../model/files/wanted.js";
import type * as model_ingest_app_message from "../model/ingest/app_message.js";
import type * as model_ingest_channel_updates from "../model/ingest/channel_updates.js";
import type * as model_ingest_delete_thread from "../model/ingest/delete_thread.js";
import type * as model_ingest_event_validators from "../model/ingest/event_validators.js";
import type * as model_ingest_ingest from "../model/ingest/ingest.js";
import type * as model_ingest_problems from "../model/ingest/problems.js";
import type * as model_ingest_report from "../model/ingest/report.js";
import type * as model_ingest_report_validators from "../model/ingest/report_validators.js";
import type * as model_ingest_snapshot from "../model/ingest/snapshot.js";
import type * as model_ingest_triggers from "../model/ingest/triggers.js";
import type * as model_outbox_claims_claim from "../model/outbox/claims/claim.js";
import type * as model_outbox_claims_claimed from "../model/outbox/claims/claimed.js";
import type * as model_outbox_claims_files_along from "../model/outbox/claims/files_along.js";
import type * as model_outbox_claims_outgoing_text from "../model/outbox/claims/outgoing_text.js";
import type * as model_outbox_delete_reply from "../model/outbox/delete_reply.js";
import type * as model_outbox_deleted_post from "../model/outbox/deleted_post.js";
import type * as model_outbox_ending from "../model/outbox/ending.js";
import type * as model_outbox_hasten from "../model/outbox/hasten.js";
import type * as model_outbox_lanes from "../model/outbox/lanes.js";
import type * as model_outbox_mapping_deliveries from "../model/outbox/mapping_deliveries.js";
import type * as model_outbox_places_pending_places from "../model/outbox/places/pending_places.js";
import type * as model_outbox_places_places from "../model/outbox/places/places.js";
import type * as model_outbox_rearm from "../model/outbox/rearm.js";
import type * as model_outbox_retry from "../model/outbox/retry.js";
import type * as model_outbox_settle from "../model/outbox/settle.js";
import type * as model_outbox_settle_and_claim from "../model/outbox/settle_and_claim.js";
import type * as model_outbox_streamed_edits from "../model/outbox/streamed_edits.js";
import type * as model_outbox_take_down from "../model/outbox/take_down.js";
import type * as model_outbox_validators from "../model/outbox/validators.js";
import type * as model_outbox_wait from "../model/outbox/wait.js";
import type * as model_reactions_apply from "../model/reactions/apply.js";
import type * as model_reactions_feedback from "../model/reactions/feedback.js";
import type * as model_reactions_shown from "../model/reactions/shown.js";
import type * as model_reactions_tally from "../model/reactions/tally.js";
import type * as model_relay_app_flood from "../model/relay/app_flood.js";
import type * as model_relay_edit_copies from "../model/relay/edit_copies.js";
import type * as model_relay_hearing from "../model/relay/hearing.js";
import type * as model_relay_missing_root from "../model/relay/missing_root.js";
import type * as model_relay_postpone from "../model/relay/postpone.js";
import type * as model_relay_relay_message from "../model/relay/relay_message.js";
import type * as model_replies_ai_service_answer from "../model/replies/ai_service/answer.js";
import type * as model_replies_ai_service_completion_errors from "../model/replies/ai_service/completion_errors.js";
import type * as model_replies_ai_service_images from "../model/replies/ai_service/images.js";
import type * as model_replies_ai_service_time_limit from "../model/replies/ai_service/time_limit.js";
import type * as model_replies_ai_service_visible_text from "../model/replies/ai_service/visible_text.js";
import type * as model_replies_ask_app from "../model/replies/ask_app.js";
import type * as model_replies_completion from "../model/replies/completion.js";
import type * as model_replies_context from "../model/replies/context.js";
import type * as model_replies_framing from "../model/replies/framing.js";
import type * as model_replies_limits from "../model/replies/limits.js";
import type * as model_replies_notices from "../model/replies/notices.js";
import type * as model_replies_pending_questions from "../model/replies/pending_questions.js";
import type * as model_replies_question from "../model/replies/question.js";
import type * as model_replies_questions_of from "../model/replies/questions_of.js";
import type * as model_replies_request_reply from "../model/replies/request_reply.js";
import type * as model_replies_say from "../model/replies/say.js";
import type * as model_replies_store_answer from "../model/replies/store_answer.js";
import type * as model_replies_streaming_live_draft from "../model/replies/streaming/live_draft.js";
import type * as model_replies_streaming_partial_text from "../model/replies/streaming/partial_text.js";
import type * as model_replies_streaming_stream_completion from "../model/replies/streaming/stream_completion.js";
import type * as model_replies_streaming_streamed_message from "../model/replies/streaming/streamed_message.js";
import type * as model_replies_streaming_write_draft from "../model/replies/streaming/write_draft.js";
import type * as model_replies_wait_for_files from "../model/replies/wait_for_files.js";
import type * as model_replies_watchdog from "../model/replies/watchdog.js";
import type * as model_replies_withdraw from "../model/replies/withdraw.js";
import type * as model_retention_delete_rows from "../model/retention/delete_rows.js";
import type * as model_retention_expire from "../model/retention/expire.js";
import type * as model_retention_expire_messages from "../model/retention/expire_messages.js";
import type * as model_rows_ai_health from "../model/rows/ai_health.js";
import type * as model_rows_conversations from "../model/rows/conversations.js";
import type * as model_rows_cursors from "../model/rows/cursors.js";
import type * as model_rows_deliveries from "../model/rows/deliveries.js";
import type * as model_rows_drafts from "../model/rows/drafts.js";
import type * as model_rows_frozen_texts from "../model/rows/frozen_texts.js";
import type * as model_rows_identities from "../model/rows/identities.js";
import type * as model_rows_mapping_health from "../model/rows/mapping_health.js";
import type * as model_rows_mappings from "../model/rows/mappings.js";
import type * as model_rows_messages_files from "../model/rows/messages/files.js";
import type * as model_rows_messages_mention_names from "../model/rows/messages/mention_names.js";
import type * as model_rows_messages_message_text from "../model/rows/messages/message_text.js";
import type * as model_rows_messages_messages from "../model/rows/messages/messages.js";
import type * as model_rows_messages_posts from "../model/rows/messages/posts.js";
import type * as model_rows_messages_reactions from "../model/rows/messages/reactions.js";
import type * as model_rows_messages_tombstones from "../model/rows/messages/tombstones.js";
import type * as model_rows_output_limits from "../model/rows/output_limits.js";
import type * as model_rows_problems from "../model/rows/problems.js";
import type * as model_rows_rearmed from "../model/rows/rearmed.js";
import type * as model_rows_tasks from "../model/rows/tasks.js";
import type * as model_search_found_message from "../model/search/found_message.js";
import type * as model_search_search_for_answer from "../model/search/search_for_answer.js";
import type * as model_search_search_messages from "../model/search/search_messages.js";
import type * as model_shared_addresses from "../model/shared/addresses.js";
import type * as model_shared_fields from "../model/shared/fields.js";
import type * as model_shared_jobs from "../model/shared/jobs.js";
import type * as model_shared_positions from "../model/shared/positions.js";
import type * as model_shared_refusal from "../model/shared/refusal.js";
import type * as model_shared_settings from "../model/shared/settings.js";
import type * as model_shared_text from "../model/shared/text.js";
import type * as model_shared_validators from "../model/shared/validators.js";
import type * as model_shared_version from "../model/shared/version.js";
import type * as model_sweep_run_task from "../model/sweep/run_task.js";
import type * as model_sweep_sweep from "../model/sweep/sweep.js";
import type * as purge from "../purge.js";
import type * as replies from "../replies.js";
import type * as retention from "../retention.js";
import type * as search from "../search.js";
import type * as sweep from "../sweep.js";
import type * as tasks from "../tasks.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  access: typeof access;
  admin: typeof admin;
  answer: typeof answer;
  apps: typeof apps;
  bridge: typeof bridge;
  crons: typeof crons;
  deliveries: typeof deliveries;
  doctor: typeof doctor;
  http: typeof http;
  index: typeof index;
  "model/access/app_providers": typeof model_access_app_providers;
  "model/access/caller": typeof model_access_caller;
  "model/access/issuers": typeof model_access_issuers;
  "model/admin/activity": typeof model_admin_activity;
  "model/admin/feedback": typeof model_admin_feedback;
  "model/admin/map_unmap": typeof model_admin_map_unmap;
  "model/admin/purge": typeof model_admin_purge;
  "model/admin/status": typeof model_admin_status;
  "model/admin/transcript": typeof model_admin_transcript;
  "model/apps/file_headers": typeof model_apps_file_headers;
  "model/apps/message_view": typeof model_apps_message_view;
  "model/apps/people": typeof model_apps_people;
  "model/apps/read_channels": typeof model_apps_read_channels;
  "model/apps/readable_file": typeof model_apps_readable_file;
  "model/apps/serve_file": typeof model_apps_serve_file;
  "model/files/announced": typeof model_files_announced;
  "model/files/attach": typeof model_files_attach;
  "model/files/awaited": typeof model_files_awaited;
  "model/files/drop_uploads": typeof model_files_drop_uploads;
  "model/files/go_on": typeof model_files_go_on;
  "model/files/wanted": typeof model_files_wanted;
  "model/ingest/app_message": typeof model_ingest_app_message;
  "model/ingest/channel_updates": typeof model_ingest_channel_updates;
  "model/ingest/delete_thread": typeof model_ingest_delete_thread;
  "model/ingest/event_validators": typeof model_ingest_event_validators;
  "model/ingest/ingest": typeof model_ingest_ingest;
  "model/ingest/problems": typeof model_ingest_problems;
  "model/ingest/report": typeof model_ingest_report;
  "model/ingest/report_validators": typeof model_ingest_report_validators;
  "model/ingest/snapshot": typeof model_ingest_snapshot;
  "model/ingest/triggers": typeof model_ingest_triggers;
  "model/outbox/claims/claim": typeof model_outbox_claims_claim;
  "model/outbox/claims/claimed": typeof model_outbox_claims_claimed;
  "model/outbox/claims/files_along": typeof model_outbox_claims_files_along;
  "model/outbox/claims/outgoing_text": typeof model_outbox_claims_outgoing_text;
  "model/outbox/delete_reply": typeof model_outbox_delete_reply;
  "model/outbox/deleted_post": typeof model_outbox_deleted_post;
  "model/outbox/ending": typeof model_outbox_ending;
  "model/outbox/hasten": typeof model_outbox_hasten;
  "model/outbox/lanes": typeof model_outbox_lanes;
  "model/outbox/mapping_deliveries": typeof model_outbox_mapping_deliveries;
  "model/outbox/places/pending_places": typeof model_outbox_places_pending_places;
  "model/outbox/places/places": typeof model_outbox_places_places;
  "model/outbox/rearm": typeof model_outbox_rearm;
  "model/outbox/retry": typeof model_outbox_retry;
  "model/outbox/settle": typeof model_outbox_settle;
  "model/outbox/settle_and_claim": typeof model_outbox_settle_and_claim;
  "model/outbox/streamed_edits": typeof model_outbox_streamed_edits;
  "model/outbox/take_down": typeof model_outbox_take_down;
  "model/outbox/validators": typeof model_outbox_validators;
  "model/outbox/wait": typeof model_outbox_wait;
  "model/reactions/apply": typeof model_reactions_apply;
  "model/reactions/feedback": typeof model_reactions_feedback;
  "model/reactions/shown": typeof model_reactions_shown;
  "model/reactions/tally": typeof model_reactions_tally;
  "model/relay/app_flood": typeof model_relay_app_flood;
  "model/relay/edit_copies": typeof model_relay_edit_copies;
  "model/relay/hearing": typeof model_relay_hearing;
  "model/relay/missing_root": typeof model_relay_missing_root;
  "model/relay/postpone": typeof model_relay_postpone;
  "model/relay/relay_message": typeof model_relay_relay_message;
  "model/replies/ai_service/answer": typeof model_replies_ai_service_answer;
  "model/replies/ai_service/completion_errors": typeof model_replies_ai_service_completion_errors;
  "model/replies/ai_service/images": typeof model_replies_ai_service_images;
  "model/replies/ai_service/time_limit": typeof model_replies_ai_service_time_limit;
  "model/replies/ai_service/visible_text": typeof model_replies_ai_service_visible_text;
  "model/replies/ask_app": typeof model_replies_ask_app;
  "model/replies/completion": typeof model_replies_completion;
  "model/replies/context": typeof model_replies_context;
  "model/replies/framing": typeof model_replies_framing;
  "model/replies/limits": typeof model_replies_limits;
  "model/replies/notices": typeof model_replies_notices;
  "model/replies/pending_questions": typeof model_replies_pending_questions;
  "model/replies/question": typeof model_replies_question;
  "model/replies/questions_of": typeof model_replies_questions_of;
  "model/replies/request_reply": typeof model_replies_request_reply;
  "model/replies/say": typeof model_replies_say;
  "model/replies/store_answer": typeof model_replies_store_answer;
  "model/replies/streaming/live_draft": typeof model_replies_streaming_live_draft;
  "model/replies/streaming/partial_text": typeof model_replies_streaming_partial_text;
  "model/replies/streaming/stream_completion": typeof model_replies_streaming_stream_completion;
  "model/replies/streaming/streamed_message": typeof model_replies_streaming_streamed_message;
  "model/replies/streaming/write_draft": typeof model_replies_streaming_write_draft;
  "model/replies/wait_for_files": typeof model_replies_wait_for_files;
  "model/replies/watchdog": typeof model_replies_watchdog;
  "model/replies/withdraw": typeof model_replies_withdraw;
  "model/retention/delete_rows": typeof model_retention_delete_rows;
  "model/retention/expire": typeof model_retention_expire;
  "model/retention/expire_messages": typeof model_retention_expire_messages;
  "model/rows/ai_health": typeof model_rows_ai_health;
  "model/rows/conversations": typeof model_rows_conversations;
  "model/rows/cursors": typeof model_rows_cursors;
  "model/rows/deliveries": typeof model_rows_deliveries;
  "model/rows/drafts": typeof model_rows_drafts;
  "model/rows/frozen_texts": typeof model_rows_frozen_texts;
  "model/rows/identities": typeof model_rows_identities;
  "model/rows/mapping_health": typeof model_rows_mapping_health;
  "model/rows/mappings": typeof model_rows_mappings;
  "model/rows/messages/files": typeof model_rows_messages_files;
  "model/rows/messages/mention_names": typeof model_rows_messages_mention_names;
  "model/rows/messages/message_text": typeof model_rows_messages_message_text;
  "model/rows/messages/messages": typeof model_rows_messages_messages;
  "model/rows/messages/posts": typeof model_rows_messages_posts;
  "model/rows/messages/reactions": typeof model_rows_messages_reactions;
  "model/rows/messages/tombstones": typeof model_rows_messages_tombstones;
  "model/rows/output_limits": typeof model_rows_output_limits;
  "model/rows/problems": typeof model_rows_problems;
  "model/rows/rearmed": typeof model_rows_rearmed;
  "model/rows/tasks": typeof model_rows_tasks;
  "model/search/found_message": typeof model_search_found_message;
  "model/search/search_for_answer": typeof model_search_search_for_answer;
  "model/search/search_messages": typeof model_search_search_messages;
  "model/shared/addresses": typeof model_shared_addresses;
  "model/shared/fields": typeof model_shared_fields;
  "model/shared/jobs": typeof model_shared_jobs;
  "model/shared/positions": typeof model_shared_positions;
  "model/shared/refusal": typeof model_shared_refusal;
  "model/shared/settings": typeof model_shared_settings;
  "model/shared/text": typeof model_shared_text;
  "model/shared/validators": typeof model_shared_validators;
  "model/shared/version": typeof model_shared_version;
  "model/sweep/run_task": typeof model_sweep_run_task;
  "model/sweep/sweep": typeof model_sweep_sweep;
  purge: typeof purge;
  replies: typeof replies;
  retention: typeof retention;
  search: typeof search;
  sweep: typeof sweep;
  tasks: typeof tasks;
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
