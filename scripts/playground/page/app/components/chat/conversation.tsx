import { useMemo } from "react";
import type { Place, PlatformName, PlatformState } from "../../../protocol.ts";
import { messagesIn } from "../../connection.ts";
import { Message } from "./message.tsx";
import { MessageList } from "./message_list.tsx";
import { usePlayground } from "../../playground_context.ts";

/** The messages of a channel, or of a thread after the message it is on; oldest first. Scrolls to new messages. */
export function Conversation(props: {
  readonly platform: PlatformName;
  readonly platformState: PlatformState;
  readonly place: Place;
  readonly me: string;
  readonly openThread: (id: string) => void;
}) {
  const { platform, platformState, place, me, openThread } = props;
  const { messages, send } = usePlayground();
  const inChannel = messagesIn(messages, platform, { channel: place.channel });
  const here = messagesIn(messages, platform, place);
  const root = inChannel.find(({ id }) => place.thread !== undefined && id === place.thread);
  const names = useMemo(
    () => new Map([platformState.bot, ...platformState.people].map(({ id, name }) => [id, name])),
    [platformState.bot, platformState.people],
  );
  const threads = platformState.channels.find(({ id }) => id === place.channel)?.threads ?? [];
  return (
    <MessageList newest={here.at(-1)?.id}>
      {root && (
        <Message
          platform={platform}
          message={root}
          names={names}
          me={me}
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
            me={me}
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
    </MessageList>
  );
}
