import { ConvexProvider, ConvexReactClient } from "convex/react";
import { StrictMode, useSyncExternalStore, useState } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { ServerConnection, type ConnectionState } from "./connection.ts";

/** Fetches an admin token for the local deployment from the playground's server. */
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

function Page({ connection }: { readonly connection: ServerConnection }) {
  const state = useSyncExternalStore(connection.subscribe, connection.state);
  if (!state.playground) {
    return (
      <main>
        <h1 className="waiting">Connecting to the playground …</h1>
      </main>
    );
  }
  return (
    <Connected
      key={state.playground.convexUrl}
      connection={connection}
      state={state}
      playground={state.playground}
    />
  );
}

function Connected(props: {
  readonly connection: ServerConnection;
  readonly state: ConnectionState;
  readonly playground: NonNullable<ConnectionState["playground"]>;
}) {
  const [client] = useState(() => adminClient(props.playground.convexUrl));
  return (
    <ConvexProvider client={client}>
      <App {...props} />
    </ConvexProvider>
  );
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no root");
const connection = new ServerConnection(`${location.origin.replace(/^http/, "ws")}/api/live`);
createRoot(root).render(
  <StrictMode>
    <Page connection={connection} />
  </StrictMode>,
);
