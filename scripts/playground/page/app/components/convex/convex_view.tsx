import { useConvexConnectionState, useQuery } from "convex/react";
import { useEffect, useState } from "react";
import { api } from "../../../../../../convex/_generated/api.js";
import type { MappingRow } from "../../../../../../convex/model/rows/mappings.ts";
import { useSecondsOf } from "../../hooks/use_seconds.ts";
import { ChannelActivity } from "./channel_activity.tsx";

/** The data in Convex, read with the stock client's subscriptions. */
export function ConvexView({ mappings }: { readonly mappings: readonly MappingRow[] | undefined }) {
  const { isWebSocketConnected } = useConvexConnectionState();
  const status = useQuery(api.admin.status, {});
  const channels = useChannels(mappings ?? []);
  const away = useSecondsOf(!isWebSocketConnected);
  const state = !isWebSocketConnected ? "reconnecting …" : mappings ? "subscribed" : "loading …";
  return (
    <section className="convex window" id="convex" aria-label="Convex">
      <header className="window-title">
        <h2>Convex</h2>
        {status?.feedback && (
          <span className="feedback">
            feedback: 👍 {status.feedback.up} 👎 {status.feedback.down}
          </span>
        )}
        <span className="state" data-on={state === "subscribed"}>
          {state}
        </span>
      </header>
      <div className="cards" tabIndex={0} role="region" aria-label="Channels in Convex">
        {!isWebSocketConnected && (
          <p className="health" role="status">
            Convex has been away for {away} s: this is what was stored before. Nothing that is said
            meanwhile gets lost.
          </p>
        )}
        {!mappings && isWebSocketConnected && <p className="empty">Loading …</p>}
        {mappings && channels.length === 0 && <p className="empty">No channel is mapped yet.</p>}
        {channels.map(({ channelId, name }) => (
          <ChannelActivity
            key={channelId}
            channelId={channelId}
            name={name}
            mappings={(mappings ?? []).filter((row) => row.channelId === channelId)}
          />
        ))}
        {status?.mappings
          .flatMap((row) => row.health.map((problem) => ({ ...problem, row })))
          .map(({ row, direction, reason, step }) => (
            <p className="health" key={`${row.mappingId} ${direction}`}>
              <b>
                {row.platform} #{row.externalName ?? row.externalId}:
              </b>{" "}
              {reason} {step}
            </p>
          ))}
        {status?.problems.map(({ kind, externalId, reason, count }) => (
          <p className="health" key={`${kind} ${externalId ?? ""} ${reason}`}>
            <b>{kind}:</b> {reason}
            {count > 1 && ` (${count} times)`}
          </p>
        ))}
      </div>
    </section>
  );
}

interface ShownChannel {
  readonly channelId: MappingRow["channelId"];
  readonly name: string;
}

/** The mapped channels, and those unmapped since the page was opened, because unmapping keeps their messages. */
function useChannels(mappings: readonly MappingRow[]): readonly ShownChannel[] {
  const [channels, setChannels] = useState<readonly ShownChannel[]>([]);
  useEffect(() => {
    setChannels((before) => {
      const fresh = new Map(before.map((channel) => [channel.channelId, channel]));
      for (const { channelId, channelName } of mappings) {
        fresh.set(channelId, { channelId, name: channelName });
      }
      return fresh.size === before.length ? before : [...fresh.values()];
    });
  }, [mappings]);
  return channels;
}
