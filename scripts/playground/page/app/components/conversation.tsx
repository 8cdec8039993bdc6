import { useEffect, useMemo, useRef } from "react";
import type { Place, PlatformName, PlatformState } from "../../protocol.ts";
import { messagesIn } from "../connection.ts";
import { Message } from "./message.tsx";
import { usePlayground } from "../playground_context.ts";

/** The messages of a channel, or of a thread after the message it is on; oldest first. Scrolls to new messages. */
export function Conversation(props: {
  readonly platform: PlatformName;
  readonly platformState: PlatformState;
  readonly place: Place;
  readonly openThread: (id: string) => void;
}) {
  const { platform, platformState, place, openThread } = props;
  const { messages, send } = usePlayground();
  const inChannel = messagesIn(messages, platform, { channel: place.channel });
  const here = messagesIn(messages, platform, place);
  const root = inChannel.find(({ id }) => place.thread !== undefined && id === place.thread);
  const names = useMemo(
    () => new Map([platformState.bot, ...platformState.people].map(({ id, name }) => [id, name])),
    [platformState.bot, platformState.people],
  );
  const list = useRef<HTMLOListElement>(null);
  const newest = here.at(-1)?.id;
  const isAtEnd = useRef(true);
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [newest, here.length]);
  // What stands around the list appears after it, and leaves it less room.
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) element.scrollTo({ top: element.scrollHeight });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const threads = platformState.channels.find(({ id }) => id === place.channel)?.threads ?? [];
  return (
    <ol
      className="messages"
      ref={list}
      role="log"
      aria-label="Messages"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      {root && (
        <Message
          platform={platform}
          message={root}
          names={names}
          place={{ channel: place.channel }}
        />
      )}
      {here.length === 0 && !root && <li className="empty">No messages yet.</li>}
      {here.map((message) => {
        const thread = threads.find(({ id }) => id === message.id);
        const replies = thread
          ? messagesIn(messages, platform, { channel: place.channel, thread: thread.id }).length
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
                const id = await send({
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
