import type { Activity } from "../../../../../../convex/model/admin/activity.ts";
import { Delivery } from "./delivery.tsx";

const TITLE = { discord: "Discord", slack: "Slack" } as const;

/** A stored message: who said what and where, its files and reactions, and where it is posted. */
export function StoredRow(props: {
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
