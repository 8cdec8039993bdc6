import { useState } from "react";
import type { MappingRow } from "../../../../../../convex/model/rows/mappings.ts";
import type { Place, PlatformName, PlatformState } from "../../../protocol.ts";
import { ChannelStrip } from "../convex/channel_strip.tsx";
import { Composer } from "./composer.tsx";
import { Conversation } from "./conversation.tsx";
import { MappingBar } from "../convex/mapping_bar.tsx";
import { usePlayground } from "../../playground_context.ts";

const TITLE = { discord: "Discord", slack: "Slack" } as const;

/** One platform as its users see it, and the Convex channel that its channel is mapped to. */
export function ChatWindow(props: {
  readonly platform: PlatformName;
  readonly mappings: readonly MappingRow[] | undefined;
}) {
  const { platform, mappings } = props;
  const { playground } = usePlayground();
  const platformState = playground[platform];
  const [chosen, choose] = useState<Place>();
  const [person, setPerson] = useState<string>();
  const place = currentPlace(platformState, chosen);
  const title = TITLE[platform];
  const speaker = platformState.people.find(({ id }) => id === person) ?? platformState.people[0];
  if (!place || !speaker) return null;
  const channel = platformState.channels.find(({ id }) => id === place.channel);
  const thread = channel?.threads.find(({ id }) => id === place.thread);
  const typing = platformState.typing.some((typingPlace) => isSame(typingPlace, place));
  const isConnected = platformState.connections > 0;
  return (
    <section className="chat window" id={platform} data-platform={platform} aria-label={title}>
      <header className="window-title">
        <h2>{title}</h2>
        <span className="state" data-on={isConnected}>
          {isConnected ? "bridge connected" : "bridge away"}
        </span>
      </header>
      <ChannelStrip
        platform={platform}
        platformState={platformState}
        place={place}
        choose={choose}
      />
      <div className="channel-title">
        {thread && (
          <h3>
            <button
              type="button"
              className="back"
              aria-label={`Back to #${channel?.name ?? ""}`}
              onClick={() => choose({ channel: place.channel })}
            >
              ←
            </button>{" "}
            Thread: {thread.name}
          </h3>
        )}
        <MappingBar
          key={place.channel}
          platform={platform}
          channel={place.channel}
          name={channel?.name ?? ""}
          mappings={mappings}
        />
      </div>
      <Conversation
        key={`${place.channel} ${place.thread ?? ""}`}
        platform={platform}
        platformState={platformState}
        place={place}
        me={speaker.id}
        openThread={(id) => choose({ channel: place.channel, thread: id })}
      />
      <p className="typing" aria-live="polite">
        {typing && `${platformState.bot.name} is typing …`}
      </p>
      <Composer
        platform={platform}
        place={place}
        placeName={thread ? "the thread" : `#${channel?.name ?? ""}`}
        botName={platformState.bot.name}
        people={platformState.people}
        speaker={speaker}
        setSpeaker={setPerson}
      />
    </section>
  );
}

/** The selected place while its channel exists, otherwise the first channel. */
function currentPlace({ channels }: PlatformState, chosen: Place | undefined): Place | undefined {
  const channel = channels.find(({ id }) => id === chosen?.channel);
  if (channel && chosen) return chosen;
  return channels[0] && { channel: channels[0].id };
}

function isSame(a: Place, b: Place): boolean {
  return a.channel === b.channel && a.thread === b.thread;
}
