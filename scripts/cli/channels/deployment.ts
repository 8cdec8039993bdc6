import { ConvexHttpClient } from "convex/browser";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { ConvexError } from "convex/values";
import { z } from "zod";
import { loadAdminConfig } from "../../../bridges/config/config.ts";
import { mintToken, parseSigningKey, type SigningKey } from "../../../bridges/core/convex/token.ts";
import { findPlayground } from "../../playground/running_playground.ts";
import { CommandError } from "../command_error.ts";

/** How long one call may take before the deployment counts as not answering. */
const DEADLINE_MS = 20_000;

type Query = FunctionReference<"query">;
type Mutation = FunctionReference<"mutation">;
type Action = FunctionReference<"action">;

/** The deployment's admin functions. Every method throws `CommandError` where the call did not succeed. */
export interface Deployment {
  query<F extends Query>(f: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  mutate<F extends Mutation>(f: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
  act<F extends Action>(f: F, args: FunctionArgs<F>): Promise<FunctionReturnType<F>>;
}

/** Where a deployment is, and the key that makes its admin's tokens. */
export interface DeploymentAddress {
  readonly url: string;
  readonly key: SigningKey;
}

/** The configured deployment; with none configured, that of the playground running on this machine. */
export async function connect(): Promise<Deployment> {
  return connectTo(await address());
}

export async function connectTo({ url, key }: DeploymentAddress): Promise<Deployment> {
  const client = new ConvexHttpClient(url, {
    auth: await mintToken("admin", key),
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    fetch: (input, init) => request(new URL(url).host, input, init),
  });
  return {
    query: (f, args) => explained(client.query<typeof f>(f, args)),
    mutate: (f, args) => explained(client.mutation<typeof f>(f, args)),
    act: (f, args) => explained(client.action<typeof f>(f, args)),
  };
}

async function address(): Promise<DeploymentAddress> {
  const config = loadAdminConfig();
  switch (config.kind) {
    case "admin":
      return { url: config.convexUrl, key: config.key };
    case "invalid": {
      const lines = config.problems.map(({ name, problem, step }) => `${name} ${problem}. ${step}`);
      throw new CommandError("BAD_CONFIG", lines.join("\n"));
    }
    case "none": {
      const playground = await findPlayground();
      const key = playground && parseSigningKey(playground.adminKey);
      if (playground && key) return { url: playground.convexUrl, key };
      throw new CommandError(
        "NO_DEPLOYMENT",
        "no deployment configured and no playground running: start one with npm start, or set CONVEX_URL and ADMIN_KEY",
      );
    }
  }
}

/** One HTTP request; tells apart what the Convex client would report as one kind of error. */
async function request(
  host: string,
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(input, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new CommandError(
        "NO_ANSWER",
        `the deployment at ${host} did not answer in time; whether it did it, 'list' tells`,
      );
    }
    const isLocal = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(host);
    throw new CommandError(
      "UNREACHABLE",
      `the deployment at ${host} (CONVEX_URL) can't be reached: is it running?${isLocal ? " A local one runs while `npx convex dev` does" : ""}`,
    );
  }
  if (response.status === 401) {
    throw new CommandError(
      "NOT_ADMIN",
      `the deployment at ${host} does not accept this ADMIN_KEY: its public half must be in the deployment's ADMIN_JWKS: npm run setup adds it`,
    );
  }
  return response;
}

const vRefusal = z.object({ code: z.string(), message: z.string() });

async function explained<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const refusal = error instanceof ConvexError ? vRefusal.safeParse(error.data).data : undefined;
    if (refusal) throw new CommandError(refusal.code, refusal.message);
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new CommandError("FAILED", `the deployment failed: ${reason}`);
  }
}
