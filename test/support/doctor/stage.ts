import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { api } from "../../../convex/_generated/api.js";
import { startStack, type Stack } from "../../../scripts/stand_ins/stack.ts";
import { runChecks } from "../../../scripts/cli/doctor/run_checks.ts";
import type { Sources } from "../../../scripts/cli/doctor/settings_files.ts";
import type { Finding } from "../../../scripts/cli/doctor/finding.ts";

/** A correct setup with one mapped channel on each platform, for the doctor to check after a fault was injected. */
export interface DoctorStage {
  readonly stack: Stack;
  /** The settings of the admin's machine. */
  readonly env: Readonly<Record<string, string>>;
  readonly channels: { readonly discord: string; readonly slack: string };
  /** Runs the doctor with changed settings. */
  run(
    changes?: Readonly<Record<string, string>>,
    more?: { readonly nodeVersion?: string; readonly ask?: true; readonly sources?: Sources },
  ): Promise<Finding[]>;
  /**
   * Starts a proxy in front of the deployment that replaces results by function name; a function makes one from the text
   * of the call. Returns its URL.
   */
  proxyConvex(change: {
    readonly date?: string;
    /** The deployment's `/version`. */
    readonly version?: string;
    readonly answers?: Readonly<Record<string, unknown>>;
  }): Promise<string>;
  /** Starts a proxy in front of a platform's API that rewrites responses. Returns its URL. */
  proxyPlatform(
    apiUrl: string,
    rewrite: (
      path: string,
      response: { status: number; text: string },
    ) => { status: number; text: string },
  ): Promise<string>;
  /** Registers what to stop in `stop`. */
  onStop(stop: () => Promise<void>): void;
  stop(): Promise<void>;
}

function isAnswerer(answer: unknown): answer is (call: string) => unknown {
  return typeof answer === "function";
}

/** Starts the setup. */
export async function startDoctorStage(): Promise<DoctorStage> {
  const stack = await startStack({ convexEnv: { PUBLIC_CHAT: "closed" } });
  const env = { ...stack.bridgeEnv(), ADMIN_KEY: stack.adminKey };
  const channels = {
    discord: stack.discord.addChannel("general"),
    slack: stack.slack.addChannel("general"),
  };
  const stops: (() => Promise<void>)[] = [];
  const admin = await stack.adminClient();
  for (const platform of ["discord", "slack"] as const) {
    const externalId = channels[platform];
    await admin.mutation(api.admin.map, { platform, externalId, to: platform, replyIn: "thread" });
  }

  await stack.startBridge();

  const listen = async (
    handle: (request: IncomingMessage, body: Buffer, response: ServerResponse) => Promise<void>,
  ): Promise<string> => {
    const server = createServer((request, response) => {
      void buffer(request).then((body) => handle(request, body, response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    const address = server.address();
    return `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
  };

  const forward = (to: string, { method = "GET", headers }: IncomingMessage, body: Buffer) => {
    const { authorization, "content-type": type = "application/json" } = headers;
    const kept = { "content-type": type, ...(authorization && { authorization }) };
    return fetch(to, { method, headers: kept, ...(body.length > 0 && { body }) });
  };

  return {
    stack,
    env,
    channels,
    run: (changes = {}, more = {}) =>
      runChecks({
        nodeVersion: "20.19.0",
        ask: false,
        onFinding: () => undefined,
        ...more,
        env: { ...env, ...changes },
      }),
    proxyConvex: ({ date, version, answers = {} }) =>
      listen(async (request, body, response) => {
        const call = body.toString();
        const name = Object.keys(answers).find((each) => call.includes(`"${each}"`));
        if (date !== undefined) response.setHeader("date", date);
        response.setHeader("content-type", "application/json");
        if (name !== undefined) {
          const answer = answers[name];
          const value = isAnswerer(answer) ? answer(call) : answer;
          response.end(JSON.stringify({ status: "success", value, logLines: [] }));
          return;
        }
        if (version !== undefined && request.url === "/version") {
          response.end(version);
          return;
        }
        const { href } = new URL(request.url ?? "/", stack.convex.url);
        const answer = await forward(href, request, body);
        response.writeHead(answer.status);
        response.end(await answer.text());
      }),
    proxyPlatform: async (apiUrl, rewrite) => {
      const { origin, pathname } = new URL(apiUrl);
      const url = await listen(async (request, body, response) => {
        const path = request.url ?? "/";
        const answer = await forward(`${origin}${path}`, request, body);
        const scopes = answer.headers.get("x-oauth-scopes");
        const { status, text } = rewrite(path, {
          status: answer.status,
          text: await answer.text(),
        });
        response.writeHead(status, {
          "content-type": "application/json",
          ...(scopes !== null && { "x-oauth-scopes": scopes }),
        });
        response.end(text);
      });
      return `${url}${pathname}`;
    },
    onStop: (stop) => void stops.push(stop),
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await stack.stop();
    },
  };
}
