import { useConvexConnectionState, useQuery } from "convex/react";
import { ConvexError } from "convex/values";
import { useMemo, useState } from "react";
import { api } from "../../../../convex/_generated/api.js";
import type { PlaygroundState } from "../protocol.ts";
import { BreakPanel } from "./components/break_panel.tsx";
import { ChatWindow } from "./components/chat_window.tsx";
import { ConvexView } from "./components/convex_view.tsx";
import type { ServerConnection, ConnectionState } from "./connection.ts";
import { Lobby } from "./components/lobby.tsx";
import { type PlaygroundContextValue, PlaygroundContext } from "./playground_context.ts";

/** The whole page: the platforms on both sides, Convex between them, and the chat API on its own below. */
export function App(props: {
  readonly connection: ServerConnection;
  readonly state: ConnectionState;
  readonly playground: PlaygroundState;
}) {
  const { connection, state, playground } = props;
  const [error, setError] = useState<string>();
  const mappings = useQuery(api.admin.list);
  const context = useMemo((): PlaygroundContextValue => {
    const attempt: PlaygroundContextValue["attempt"] = async (act) => {
      try {
        const value = await act();
        setError(undefined);
        return value;
      } catch (reason) {
        setError(messageOf(reason));
        return undefined;
      }
    };
    return {
      playground,
      messages: state.messages,
      attempt,
      send: (command) => attempt(() => connection.send(command)),
    };
  }, [connection, state.messages, playground]);

  return (
    <PlaygroundContext value={context}>
      <header className="top">
        <div>
          <h1>Discord, Slack and Convex</h1>
          <p className="lead">
            The real bridge and the real backend, with stand-ins for the platforms. Everything runs
            on this machine and in memory.
          </p>
        </div>
        <Pills playground={playground} connected={state.connected} />
      </header>
      <nav className="jump" aria-label="Jump to">
        <a href="#discord">Discord</a>
        <a href="#convex">Convex</a>
        <a href="#slack">Slack</a>
        <a href="#break">Break it</a>
        <a href="#lobby">Chat API</a>
      </nav>
      <main>
        <BreakPanel />
        <div className="windows">
          <ChatWindow platform="discord" mappings={mappings} />
          <ConvexView mappings={mappings} />
          <ChatWindow platform="slack" mappings={mappings} />
        </div>
        <Lobby />
      </main>
      <div className="error" role="alert">
        {error !== undefined && (
          <p>
            {error}{" "}
            <button type="button" onClick={() => setError(undefined)}>
              Dismiss
            </button>
          </p>
        )}
      </div>
    </PlaygroundContext>
  );
}

function Pills({
  playground,
  connected,
}: {
  readonly playground: PlaygroundState;
  readonly connected: boolean;
}) {
  const { isWebSocketConnected } = useConvexConnectionState();
  const { ai, bridge } = playground;
  return (
    <ul className="pills" aria-label="Status">
      {!connected && <Pill tone="bad">playground stopped</Pill>}
      <Pill tone={ai.real ? "warn" : "plain"}>
        {ai.real
          ? `AI: OpenAI, ${ai.model} (billed to your key)`
          : "AI: a stand-in that repeats what it was sent"}
      </Pill>
      <Pill tone={bridge === "running" ? "good" : "bad"}>bridge {bridge}</Pill>
      <Pill tone={isWebSocketConnected ? "good" : "bad"}>
        {isWebSocketConnected ? "Convex connected" : "Convex disconnected"}
      </Pill>
    </ul>
  );
}

function Pill(props: { readonly tone: string; readonly children: React.ReactNode }) {
  return (
    <li className="pill" data-tone={props.tone}>
      {props.children}
    </li>
  );
}

/** The text to show for an error. A `ConvexError` of the backend has a message of its own in `data`. */
function messageOf(error: unknown): string {
  if (error instanceof ConvexError) {
    const data: unknown = error.data;
    if (typeof data === "object" && data !== null && "message" in data) return String(data.message);
  }
  return error instanceof Error ? error.message : String(error);
}
