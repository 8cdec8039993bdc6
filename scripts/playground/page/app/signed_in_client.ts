import { ConvexReactClient } from "convex/react";
import { z } from "zod";

const vAccess = z.object({ siteUrl: z.string(), token: z.string() });

/** Where the app's person finds files, and a new token of theirs, as the playground's server gives them. */
export async function connectApp(): Promise<z.infer<typeof vAccess>> {
  const response = await fetch("/api/app", { method: "POST" });
  if (!response.ok) throw new Error(`no token: ${await response.text()}`);
  return vAccess.parse(await response.json());
}

/** A client of the local deployment as the app's person. */
export function signedInClient(url: string): ConvexReactClient {
  const client = new ConvexReactClient(url, { skipConvexDeploymentUrlCheck: true });
  client.setAuth(async () => (await connectApp()).token);
  return client;
}
