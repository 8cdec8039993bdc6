import { useQuery } from "convex/react";
import { api } from "../../../../../../convex/_generated/api.js";
import type { Activity } from "../../../../../../convex/model/admin/activity.ts";
import type { MappingRow } from "../../../../../../convex/model/rows/mappings.ts";
import { useStickToEnd } from "../../hooks/use_stick_to_end.ts";
import { StoredRow } from "./stored_row.tsx";

/** One channel in Convex: its messages, the replies being written, and each reply's delivery state. */
export function ChannelActivity(props: {
  readonly channelId: MappingRow["channelId"];
  readonly name: string;
  readonly mappings: readonly MappingRow[];
}) {
  const { channelId, name, mappings } = props;
  const activity = useQuery(api.admin.activity, { channelId });
  const writing = activity?.replies.filter(({ state }) => state === "open") ?? [];
  const scrolled = useStickToEnd(activity?.messages.at(-1)?._id);
  return (
    <article className="card" aria-label={`Convex channel ${name}`}>
      <header>
        <h3>{name}</h3>
        {mappings.length === 0 && <span className="tag">unmapped, kept</span>}
        {mappings.map(({ mappingId, platform, state, trigger, relaySince }) => (
          <span className="tag" data-platform={platform} key={mappingId}>
            {platform}
            {state === "paused" ? " · paused" : ""}
            {trigger === "always" ? "" : ` · ${trigger}`}
            {relaySince === undefined ? "" : " · relay"}
          </span>
        ))}
        <Counts activity={activity} />
      </header>
      <div
        className="rows"
        ref={scrolled}
        tabIndex={0}
        role="region"
        aria-label={`Stored in ${name}`}
      >
        <ol>
          {!activity && <li className="empty">Loading …</li>}
          {activity?.messages.map((row) => (
            <StoredRow
              key={row._id}
              row={row}
              held={activity.held.find(({ messageId }) => messageId === row._id)?.files ?? 0}
              deliveries={activity.deliveries.filter(({ messageId }) => messageId === row._id)}
            />
          ))}
          {writing.map(({ replyId, attempt, shown, threadId }) => (
            <li className="row writing" key={replyId}>
              <span className="who">AI</span>
              <span className="content">
                being written{threadId === undefined ? "" : " in a thread"}
                {attempt > 1 ? `, attempt ${attempt}` : ""}
                {shown === undefined ? "" : `, ${shown} characters shown so far`}{" "}
                <i className="dots" aria-hidden="true" />
              </span>
            </li>
          ))}
          {activity?.messages.length === 0 && writing.length === 0 && (
            <li className="empty">No messages yet.</li>
          )}
        </ol>
      </div>
      {activity?.replies
        .filter(({ state }) => state === "failed")
        .map(({ replyId, reason }) => (
          <p className="health" key={replyId}>
            <b>No reply:</b> {reason ?? "the AI did not answer"}
          </p>
        ))}
    </article>
  );
}

function Counts({ activity }: { readonly activity: Activity | undefined }) {
  if (!activity) return <span className="counts">…</span>;
  const writing = activity.replies.filter(({ state }) => state === "open").length;
  const waiting = activity.deliveries.filter(({ state }) => !ENDED.has(state)).length;
  return (
    <span className="counts">
      {activity.messages.length} messages · {writing} being written · {waiting} to post
    </span>
  );
}

const ENDED: ReadonlySet<Activity["deliveries"][number]["state"]> = new Set([
  "sent",
  "failed",
  "cancelled",
]);
