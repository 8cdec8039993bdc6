import { ConvexProvider, useMutation, usePaginatedQuery, useQuery } from "convex/react";
import { type SyntheticEvent, useEffect, useState } from "react";
import { api } from "../../../../../convex/_generated/api.js";
import type { Id } from "../../../../../convex/_generated/dataModel.js";
import { moveInMessages } from "../arrow_keys.ts";
import { useStickToEnd } from "../hooks/use_stick_to_end.ts";
import { usePlayground } from "../playground_context.ts";
import { signedInClient } from "../signed_in_client.ts";
import { AppMessage } from "./app_message.tsx";

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
  const scrolled = useStickToEnd(results[0]?.id);
  return (
    <>
      <div
        className="messages"
        ref={scrolled}
        role="log"
        aria-label={`Messages of ${name}`}
        tabIndex={0}
        onKeyDown={moveInMessages}
      >
        <ol>
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
        </ol>
      </div>
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
  const [text, setText] = useState("");
  useEffect(() => {
    ensureUser({}).then(setAuthorId, (error: unknown) => console.error(error));
  }, [ensureUser]);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "" || !authorId) return;
    setText("");
    void attempt(() => sendMessage({ channelId, authorId, content: text }));
  };
  const label = `Message ${name} as ${playground.app.person}`;
  return (
    <form className="composer" onSubmit={submit}>
      <div className="line">
        <input
          aria-label={label}
          placeholder={label}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <button type="submit" disabled={text.trim() === "" || !authorId}>
          Send
        </button>
      </div>
    </form>
  );
}
