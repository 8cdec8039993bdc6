import { useConvexConnectionState, useQuery } from "convex/react";
import { ConvexError } from "convex/values";
import { useMemo, useState } from "react";
import { api } from "../../../../convex/_generated/api.js";
import type { PlaygroundState } from "../protocol.ts";
import { AppWindow } from "./components/app_window.tsx";
import { BreakPanel } from "./components/break_panel.tsx";
import { ChatWindow } from "./components/chat/chat_window.tsx";
import { ConvexView } from "./components/convex/convex_view.tsx";
import type { ServerConnection, ConnectionState } from "./connection.ts";
import { Lobby } from "./components/lobby.tsx";
import { type PlaygroundContextValue, PlaygroundContext } from "./playground_context.ts";

const PANELS = [
  { id: "discord", title: "Discord" },
  { id: "convex", title: "Convex" },
  { id: "app", title: "Your app" },
  { id: "slack", title: "Slack" },
  { id: "break", title: "Break it" },
  { id: "lobby", title: "Chat API" },
] as const;

type PanelName = (typeof PANELS)[number]["id"];

/** The whole page: the platforms on both sides, Convex and an app between them, the chat API on its own below. */
export function App(props: {
  readonly connection: ServerConnection;
  readonly state: ConnectionState;
  readonly playground: PlaygroundState;
}) {
  const { connection, state, playground } = props;
  const [error, setError] = useState<string>();
  // On a narrow page only one is shown.
  const [panel, setPanel] = useState<PanelName>("discord");
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
        <h1>Discord, Slack and Convex</h1>
        <Pills playground={playground} isConnected={state.connected} />
        <p className="lead">
          What is said in one window appears in all, and the AI answers it. Bridge and backend are
          the real ones; platforms and AI are stand-ins, all in memory.
        </p>
      </header>
      <nav className="panels" aria-label="Panels">
        {PANELS.map(({ id, title }) => (
          <button key={id} type="button" aria-pressed={panel === id} onClick={() => setPanel(id)}>
            {title}
          </button>
        ))}
      </nav>
      <main data-panel={panel}>
        <div className="windows">
          <ChatWindow platform="discord" mappings={mappings} />
          <Arrow>⇄</Arrow>
          <div className="middle">
            <ConvexView mappings={mappings} />
            <Arrow>⇅</Arrow>
            <AppWindow />
          </div>
          <Arrow>⇄</Arrow>
          <ChatWindow platform="slack" mappings={mappings} />
        </div>
        <BreakPanel />
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

/** Between two windows that exchange messages. */
function Arrow(props: { readonly children: string }) {
  return (
    <span className="arrow" aria-hidden="true">
      {props.children}
    </span>
  );
}

function Pills(props: { readonly playground: PlaygroundState; readonly isConnected: boolean }) {
  const { isWebSocketConnected } = useConvexConnectionState();
  const { playground, isConnected } = props;
  const { ai, bridge } = playground;
  return (
    <ul className="pills" aria-label="Status">
      <Pill tone={ai.real ? "warn" : "plain"}>
        {ai.real
          ? `AI: OpenAI, ${ai.model} (billed to your key)`
          : "AI: a stand-in that repeats what it was sent"}
      </Pill>
      {isConnected ? (
        <Pill tone={bridge === "running" ? "good" : "bad"}>bridge {bridge}</Pill>
      ) : (
        <Pill tone="bad">playground gone</Pill>
      )}
      <Pill tone={isWebSocketConnected ? "good" : "bad"}>
        {isWebSocketConnected ? "Convex connected" : "Convex away"}
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
