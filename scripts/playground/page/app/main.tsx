import { ConvexProvider, ConvexReactClient } from "convex/react";
import { StrictMode, useSyncExternalStore, useState } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { Live, type LiveState } from "./live.ts";

/** An admin token, made by the playground's own server for its own deployment. */
async function adminToken(): Promise<string> {
  const response = await fetch("/api/token", { method: "POST" });
  if (!response.ok) throw new Error(`no token: ${await response.text()}`);
  return response.text();
}

function adminClient(url: string): ConvexReactClient {
  const client = new ConvexReactClient(url, { skipConvexDeploymentUrlCheck: true });
  client.setAuth(adminToken);
  return client;
}

function Page({ live }: { readonly live: Live }) {
  const state = useSyncExternalStore(live.subscribe, live.state);
  if (!state.stage) {
    return <p className="waiting">Connecting to the playground …</p>;
  }
  return <Connected key={state.stage.convexUrl} live={live} state={state} stage={state.stage} />;
}

function Connected(props: {
  readonly live: Live;
  readonly state: LiveState;
  readonly stage: NonNullable<LiveState["stage"]>;
}) {
  const [client] = useState(() => adminClient(props.stage.convexUrl));
  return (
    <ConvexProvider client={client}>
      <App {...props} />
    </ConvexProvider>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no root");
const live = new Live(`${location.origin.replace(/^http/, "ws")}/api/live`);
createRoot(root).render(
  <StrictMode>
    <Page live={live} />
  </StrictMode>,
);
