import { ConvexHttpClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { ConvexError } from "convex/values";
import { z } from "zod";
import { api } from "../../../convex/_generated/api.js";
import { loadAdminConfig } from "../../../bridges/config/config.ts";
import { mintToken, parseSigningKey, type SigningKey } from "../../../bridges/core/convex/token.ts";
import { wellFormed } from "../../../bridges/core/convex/well_formed.ts";
import { CommandError } from "../command_error.ts";
import { findPlayground, type Note } from "./find_playground.ts";

/** Longest time one call may take. */
const TIMEOUT_MS = 20_000;

type Query = FunctionReference<"query">;
type Mutation = FunctionReference<"mutation">;
type Action = FunctionReference<"action">;

/** A client for the deployment's admin functions. Every method throws `CommandError` if the call fails. */
export interface Deployment {
  query<F extends Query>(f: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  mutate<F extends Mutation>(f: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  act<F extends Action>(f: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
}

/** The URL of a deployment, and the key that signs its admin's tokens. */
export interface DeploymentAddress {
  readonly url: string;
  readonly key: SigningKey;
}

/** Connects to the configured deployment; without one, to a playground running on this machine, which `note` is told. */
export async function connect(note: Note): Promise<Deployment> {
  return connectTo(await findAddress(note));
}

/** Connects to a given deployment. */
export async function connectTo({ url, key }: DeploymentAddress): Promise<Deployment> {
  const client = new ConvexHttpClient(url, {
    auth: await mintToken("admin", key),
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    fetch: (input, init) => request(new URL(url).host, input, init),
  });
  return {
    query: (f, args) => explainErrors(client.query<typeof f>(f, wellFormed(args))),
    mutate: (f, args) => explainErrors(client.mutation<typeof f>(f, wellFormed(args))),
    act: (f, args) => explainErrors(client.action<typeof f>(f, wellFormed(args))),
  };
}

/** The whole status, read platform by platform: one call is bounded. Problems come whole with each. */
export async function readStatus({
  query,
}: Pick<Deployment, "query">): Promise<FunctionReturnType<typeof api.admin.status>> {
  const discord = await query(api.admin.status, { platform: "discord" });
  const slack = await query(api.admin.status, { platform: "slack" });
  return {
    ...slack,
    mappings: [...discord.mappings, ...slack.mappings],
    failed: [...discord.failed, ...slack.failed],
  };
}

async function findAddress(note: Note): Promise<DeploymentAddress> {
  const config = loadAdminConfig();
  switch (config.kind) {
    case "admin":
      return { url: config.convexUrl, key: config.key };
    case "invalid": {
      const lines = config.problems.map(({ name, problem, step }) => `${name} ${problem}. ${step}`);
      throw new CommandError("BAD_CONFIG", lines.join("\n"));
    }
    case "none": {
      const playground = await findPlayground(note);
      const key = playground && parseSigningKey(playground.adminKey);
      if (playground && key) return { url: playground.convexUrl, key };
      throw new CommandError(
        "NO_DEPLOYMENT",
        "no deployment is configured and no playground is running: npm run setup configures one, and npm start with nothing configured runs the playground",
      );
    }
  }
}

/** One HTTP request. Throws `CommandError` for failures that the Convex client would not distinguish. */
async function request(
  host: string,
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new CommandError(
        "NO_ANSWER",
        `the deployment at ${host} did not respond in time; run 'list' to see whether the change was made`,
      );
    }
    const isLocal = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(host);
    throw new CommandError(
      "UNREACHABLE",
      `can't reach the deployment at ${host} (CONVEX_URL): is it running?${isLocal ? " A local one runs only while `npx convex dev` does" : ""}`,
    );
  }
  if (response.status === 401) {
    throw new CommandError(
      "NOT_ADMIN",
      `the deployment at ${host} does not accept this ADMIN_KEY: its public key is not in the deployment's ADMIN_JWKS. npm run setup adds it`,
    );
  }
  return response;
}

/** The step that follows what Convex refuses by this code. */
const STEPS: Readonly<Record<string, string>> = {
  NOT_FOUND: ". npm run channels -- status shows the failed ones, with their ids",
  NOT_MAPPED: ". npm run channels -- list shows what is",
};

const vRefusal = z.object({ code: z.string(), message: z.string() });

async function explainErrors<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const refusal = error instanceof ConvexError ? vRefusal.safeParse(error.data).data : undefined;
    if (refusal)
      throw new CommandError(refusal.code, refusal.message + (STEPS[refusal.code] ?? ""));
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new CommandError("FAILED", `the deployment failed: ${reason}`);
  }
}
