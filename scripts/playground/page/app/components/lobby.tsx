import { ConvexProvider, ConvexReactClient, useMutation, useQuery } from "convex/react";
import { type SyntheticEvent, useState } from "react";
import { api } from "../../../../../convex/_generated/api.js";
import type { Id } from "../../../../../convex/_generated/dataModel.js";
import type { Named } from "../../protocol.ts";
import { moveInMessages } from "../arrow_keys.ts";
import { useStickToEnd } from "../hooks/use_stick_to_end.ts";
import { Avatar } from "./avatar.tsx";
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
  const [text, setText] = useState("");
  const scrolled = useStickToEnd(messages?.at(-1)?._id);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    setText("");
    void attempt(() => sendMessage({ channelId, authorId, content: text }));
  };
  return (
    <article className="window lobby-window" aria-label={`${me.name}'s window`}>
      <header className="window-title">
        <h3>{me.name}&rsquo;s window</h3>
      </header>
      <div
        className="messages"
        ref={scrolled}
        role="log"
        aria-label="Messages"
        tabIndex={0}
        onKeyDown={moveInMessages}
      >
        <ol>
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
        </ol>
      </div>
      <form className="composer" onSubmit={submit}>
        <div className="line">
          <input
            aria-label={`Message as ${me.name}`}
            placeholder={`Message as ${me.name}`}
            value={text}
            onChange={({ target }) => setText(target.value)}
          />
          <button type="submit" disabled={text.trim() === ""}>
            Send
          </button>
        </div>
      </form>
    </article>
  );
}
