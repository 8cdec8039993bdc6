import { ConvexProvider, ConvexReactClient, useMutation, useQuery } from "convex/react";
import { useState } from "react";
import { api } from "../../../../../convex/_generated/api.js";
import type { Id } from "../../../../../convex/_generated/dataModel.js";
import type { Named } from "../../protocol.ts";
import { Avatar } from "./chat/avatar.tsx";
import { LineComposer } from "./chat/line_composer.tsx";
import { MessageList } from "./chat/message_list.tsx";
import { usePlayground } from "../playground_context.ts";

/** The chat API on its own, as in Convex's tutorial: two people in an unmapped channel, without a platform or a token. */
export function Lobby() {
  const { playground } = usePlayground();
  return (
    <section className="lobby" id="lobby" aria-label="Chat API">
      <h2>Without a platform</h2>
      <p className="lead">
        The chat API alone (<code>api.index</code>), in a channel that was never mapped: two
        windows, each with its own client and no token.
      </p>
      <div className="pair">
        {playground.lobby.people.map((person) => (
          <SeparateClient key={person.id} url={playground.convexUrl}>
            <LobbyWindow
              me={person}
              people={playground.lobby.people}
              channel={playground.lobby.channelId}
            />
          </SeparateClient>
        ))}
      </div>
    </section>
  );
}

function SeparateClient(props: { readonly url: string; readonly children: React.ReactNode }) {
  const [client] = useState(
    () => new ConvexReactClient(props.url, { skipConvexDeploymentUrlCheck: true }),
  );
  return <ConvexProvider client={client}>{props.children}</ConvexProvider>;
}

function LobbyWindow(props: {
  readonly me: Named;
  readonly people: readonly Named[];
  readonly channel: string;
}) {
  const { me, people, channel } = props;
  // Ids come from the playground's server as text; the deployment checks them.
  const channelId = channel as Id<"channels">;
  const authorId = me.id as Id<"users">;
  const { attempt } = usePlayground();
  const messages = useQuery(api.index.listLatestMessages, { channelId });
  const sendMessage = useMutation(api.index.sendMessage);
  const send = async (text: string) =>
    (await attempt(() => sendMessage({ channelId, authorId, content: text }))) !== undefined;
  return (
    <article className="window lobby-window" aria-label={`${me.name}'s window`}>
      <header className="window-title">
        <h3>{me.name}&rsquo;s window</h3>
      </header>
      <MessageList newest={messages?.at(-1)?._id}>
        {!messages?.length && (
          <li className="empty">{messages ? "No messages yet." : "Loading …"}</li>
        )}
        {messages?.map(({ _id, authorId: by, content }) => {
          const name = people.find(({ id }) => id === by)?.name ?? "AI";
          return (
            <li className="message" key={_id} tabIndex={-1}>
              <Avatar name={name} bot={by === undefined} />
              <div className="body">
                <p className="by">
                  <b>{name}</b>
                </p>
                <div className="text">
                  <p>{content}</p>
                </div>
              </div>
            </li>
          );
        })}
      </MessageList>
      <LineComposer label={`Message as ${me.name}`} send={send} />
    </article>
  );
}
