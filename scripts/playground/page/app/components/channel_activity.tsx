import { useQuery } from "convex/react";
import { api } from "../../../../../convex/_generated/api.js";
import type { Activity } from "../../../../../convex/model/admin/activity.ts";
import type { MappingRow } from "../../../../../convex/model/rows/mappings.ts";
import { useStickToEnd } from "../hooks/use_stick_to_end.ts";
import { Delivery } from "./delivery.tsx";

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
            <Row
              key={row._id}
              row={row}
              held={activity.held.find(({ messageId }) => messageId === row._id)?.files ?? 0}
              deliveries={activity.deliveries.filter(({ messageId }) => messageId === row._id)}
            />
          ))}
          {writing.map(({ replyId, attempt, threadId }) => (
            <li className="row writing" key={replyId}>
              <span className="who">AI</span>
              <span className="content">
                being written{threadId === undefined ? "" : " in a thread"}
                {attempt > 1 ? `, attempt ${attempt}` : ""}{" "}
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

const TITLE = { discord: "Discord", slack: "Slack" } as const;

const ENDED: ReadonlySet<Activity["deliveries"][number]["state"]> = new Set([
  "sent",
  "failed",
  "cancelled",
]);

function Row(props: {
  readonly row: Activity["messages"][number];
  /** How many of its files are held. */
  readonly held: number;
  readonly deliveries: Activity["deliveries"];
}) {
  const { row, held, deliveries } = props;
  const { attachments = [], reactions = [] } = row;
  const deleted = row.deletedAt !== undefined;
  const who = row.author ?? (row.kind === "notice" ? "notice" : "AI");
  return (
    <li className="row" data-kind={row.kind ?? "plain"} data-deleted={deleted}>
      <span className="who">{who}</span>
      <span className="content">{deleted ? "deleted" : row.content}</span>
      <span className="marks">
        {row.externalId !== undefined && row.platform !== undefined && (
          <span className="tag" data-platform={row.platform}>
            from {TITLE[row.platform]}
          </span>
        )}
        {row.platform === undefined && row.author !== undefined && (
          <span className="tag">from your app</span>
        )}
        {row.threadId !== undefined && <span className="tag">thread</span>}
        {row.editedAt !== undefined && !deleted && <span className="tag">edited</span>}
        {attachments.length > 0 && (
          <span className="tag">
            {attachments.length === 1 ? "1 file" : `${attachments.length} files`}
            {held === attachments.length ? ", held" : `, ${held} held`}
          </span>
        )}
        {reactions.map(({ emoji, count }) => (
          <span className="tag" key={emoji}>
            {emoji} {count}
          </span>
        ))}
        {deliveries.map((delivery) => (
          <Delivery key={delivery.deliveryId} delivery={delivery} />
        ))}
      </span>
    </li>
  );
}
