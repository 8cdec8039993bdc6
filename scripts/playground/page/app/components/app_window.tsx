import { ConvexProvider, useMutation, usePaginatedQuery, useQuery } from "convex/react";
import { useEffect, useState } from "react";
import { api } from "../../../../../convex/_generated/api.js";
import type { Id } from "../../../../../convex/_generated/dataModel.js";
import { usePlayground } from "../playground_context.ts";
import { signedInClient } from "../signed_in_client.ts";
import { AppMessage } from "./app_message.tsx";
import { LineComposer } from "./chat/line_composer.tsx";
import { MessageList } from "./chat/message_list.tsx";

const PAGE = { initialNumItems: 30 };

/** An app of one's own on the same backend (docs/apps.md): a signed-in person reads the mapped channel, and writes. */
export function AppWindow() {
  const { playground } = usePlayground();
  const [client] = useState(() => signedInClient(playground.convexUrl));
  const { person } = playground.app;
  return (
    <section className="app-window window" id="app" aria-label="Your app">
      <header className="window-title">
        <h2>Your app</h2>
        <span>{person} is signed in</span>
      </header>
      <ConvexProvider client={client}>
        <Room />
      </ConvexProvider>
    </section>
  );
}

function Room() {
  const { playground } = usePlayground();
  const channels = useQuery(api.apps.listChannels, {});
  const { person, isOpened } = playground.app;
  const [channel] = channels ?? [];
  return (
    <>
      <p className="rights">
        {isOpened ? (
          <>
            The playground opens <b>general</b> to {person}; in your deployment{" "}
            <code>convex/access.ts</code> decides.
          </>
        ) : (
          <>
            Your <code>convex/access.ts</code> decides what {person} may read and write.
          </>
        )}
      </p>
      {channel ? (
        <Channel key={channel.id} {...channel} />
      ) : (
        <p className="empty">{channels ? `No channel is open to ${person}.` : "Loading …"}</p>
      )}
    </>
  );
}

function Channel({ id: channelId, name }: { readonly id: Id<"channels">; readonly name: string }) {
  const { results, status, loadMore } = usePaginatedQuery(api.apps.messages, { channelId }, PAGE);
  return (
    <>
      <MessageList label={`Messages of ${name}`} newest={results[0]?.id}>
        {status === "CanLoadMore" && (
          <li>
            <button type="button" className="earlier" onClick={() => loadMore(30)}>
              Earlier
            </button>
          </li>
        )}
        {results.length === 0 && (
          <li className="empty">{status === "Exhausted" ? "No messages yet." : "Loading …"}</li>
        )}
        {results.toReversed().map((message) => (
          <AppMessage key={message.id} message={message} />
        ))}
      </MessageList>
      <AppComposer channelId={channelId} name={name} />
    </>
  );
}

function AppComposer(props: { readonly channelId: Id<"channels">; readonly name: string }) {
  const { channelId, name } = props;
  const { playground, attempt } = usePlayground();
  const ensureUser = useMutation(api.apps.ensureUser);
  const sendMessage = useMutation(api.index.sendMessage);
  const [authorId, setAuthorId] = useState<Id<"users">>();
  useEffect(() => {
    ensureUser({}).then(setAuthorId, (error: unknown) => console.error(error));
  }, [ensureUser]);
  const send = async (content: string) => {
    if (!authorId) return false;
    return (await attempt(() => sendMessage({ channelId, authorId, content }))) !== undefined;
  };
  return (
    <LineComposer
      label={`Message ${name} as ${playground.app.person}`}
      isReady={authorId !== undefined}
      send={send}
    />
  );
}
