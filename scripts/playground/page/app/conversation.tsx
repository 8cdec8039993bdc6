import { useEffect, useMemo, useRef } from "react";
import type { Place, PlatformName, Side } from "../protocol.ts";
import { saidIn } from "./live.ts";
import { Message } from "./message.tsx";
import { usePlaying } from "./playing.ts";

/** What was said in a place, oldest first; in a thread its first message comes before. Follows what is new. */
export function Conversation(props: {
  readonly platform: PlatformName;
  readonly side: Side;
  readonly place: Place;
  readonly openThread: (id: string) => void;
}) {
  const { platform, side, place, openThread } = props;
  const { said, ask } = usePlaying();
  const inChannel = saidIn(said, platform, { channel: place.channel });
  const here = saidIn(said, platform, place);
  const root = inChannel.find(({ id }) => place.thread !== undefined && id === place.thread);
  const names = useMemo(
    () => new Map([side.bot, ...side.people].map(({ id, name }) => [id, name])),
    [side.bot, side.people],
  );
  const list = useRef<HTMLOListElement>(null);
  const newest = here.at(-1)?.id;
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [newest, here.length]);

  const threads = side.channels.find(({ id }) => id === place.channel)?.threads ?? [];
  return (
    <ol className="messages" ref={list} role="log" aria-label="Messages" tabIndex={0}>
      {root && (
        <Message
          platform={platform}
          message={root}
          names={names}
          place={{ channel: place.channel }}
        />
      )}
      {here.length === 0 && !root && <li className="empty">Nothing said yet.</li>}
      {here.map((message) => {
        const thread = threads.find(({ id }) => id === message.id);
        const replies = thread
          ? saidIn(said, platform, { channel: place.channel, thread: thread.id }).length
          : 0;
        return (
          <Message
            key={message.id}
            platform={platform}
            message={message}
            names={names}
            place={place}
            answered={here.find(({ id }) => id === message.replyTo)}
            {...(place.thread === undefined && {
              replies,
              onThread: async () => {
                const id = await ask({
                  kind: "openThread",
                  platform,
                  channel: place.channel,
                  id: message.id,
                });
                if (id !== undefined) openThread(id);
              },
            })}
          />
        );
      })}
    </ol>
  );
}
