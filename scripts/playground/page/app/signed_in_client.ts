import { ConvexReactClient } from "convex/react";
import { z } from "zod";

const vAccess = z.object({ token: z.string() });

/** A client of the local deployment as the app's person, whose tokens the playground's server gives. */
export function signedInClient(url: string): ConvexReactClient {
  const client = new ConvexReactClient(url, { skipConvexDeploymentUrlCheck: true });
  client.setAuth(async () => {
    const response = await fetch("/api/app", { method: "POST" });
    if (!response.ok) throw new Error(`no token: ${await response.text()}`);
    return vAccess.parse(await response.json()).token;
  });
  return client;
}
