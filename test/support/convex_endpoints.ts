import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { Pushes, type Push } from "./pushes.ts";
import { tunnel } from "./tunnel.ts";
import { showVariables } from "./variables_socket.ts";

/** The admin key that the endpoints accept. */
export const ADMIN_KEY = "MARKED-deployment-admin-key";

/** A deployment for the Convex CLI, with access to what the CLI sent. */
export interface ConvexEndpoints {
  readonly url: string;
  /** The deployment's current variables. */
  readonly variables: Map<string, string>;
  /** The variables after each change. */
  readonly history: ReadonlyMap<string, string>[];
  /** The requests, in order, as `METHOD /path`. */
  readonly requests: readonly string[];
  /** The bundles of each push, the newest last. */
  readonly pushes: readonly Push[];
  /** The number of pushes that the CLI finished. */
  finished(): number;
  /** Refuses the next push with this error. */
  refuseNextPush(code: string, message: string): void;
  /** With `runsFunctions`, the deployment that runs the functions once a push has finished. */
  functions(): LocalConvex | undefined;
  stop(): Promise<void>;
}

const vUpdate = z.object({
  changes: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
});
const vAuthenticate = z.object({ type: z.literal("Authenticate"), tokenType: z.string() });

/**
 * The endpoints of a deployment that the official Convex CLI uses to set variables and to push, with `ADMIN_KEY`. With
 * `runsFunctions`, the end of the first push starts this project's functions with the current variables; from then on
 * bridges and scripts can use it as a whole deployment.
 */
export async function startConvexEndpoints(
  options: { readonly runsFunctions?: true } = {},
): Promise<ConvexEndpoints> {
  const variables = new Map<string, string>();
  const history: ReadonlyMap<string, string>[] = [];
  const requests: string[] = [];
  const pushes = new Pushes(variables);
  let backend: LocalConvex | undefined;

  const update = async (body: unknown) => {
    for (const { name, value } of vUpdate.parse(body).changes) {
      if (value === null) variables.delete(name);
      else variables.set(name, value);
      await backend?.setEnv(name, value ?? undefined);
    }
    history.push(new Map(variables));
  };

  const answer = async (
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: unknown }> => {
    switch (path) {
      case "/api/update_environment_variables":
        await update(body);
        return { status: 200, body: {} };
      case "/api/check_admin_key":
        return { status: 200, body: {} };
      case "/api/v1/get_canonical_urls":
        return { status: 200, body: { convexCloudUrl: url(), convexSiteUrl: url() } };
      case "/api/get_config_hashes": {
        const config = { functions: "convex/" };
        return { status: 200, body: { config, moduleHashes: [], udfServerVersion: "1.48.0" } };
      }
      case "/api/deploy2/evaluate_schema":
        return {
          status: 200,
          body: { componentSchemaEvaluations: {}, newComponentDefinitions: [] },
        };
      case "/api/deploy2/start_push":
        return pushes.start(body);
      case "/api/deploy2/wait_for_schema":
        return pushes.wait();
      case "/api/deploy2/finish_push": {
        const finished = pushes.finish(body);
        if (options.runsFunctions && finished.status === 200) {
          backend ??= await startLocalConvex({ env: Object.fromEntries(variables) });
        }
        return finished;
      }
      case "/api/deploy2/report_push_completed":
        return { status: 200, body: {} };
      default:
        return { status: 404, body: { code: "NotFound", message: path } };
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? "/", "http://stub");
    requests.push(`${request.method ?? ""} ${pathname}`);
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const bytes = await buffer(request);
    const { authorization, "content-encoding": encoding } = request.headers;
    if (/^\/(?:version|api\/(?:query|mutation|action))$/.test(pathname)) {
      if (!backend) return send(pathname === "/version" ? 200 : 404, "nothing has been pushed");
      const forwarded = await fetch(new URL(pathname, backend.url), {
        method: request.method ?? "GET",
        headers: { "content-type": "application/json", ...(authorization && { authorization }) },
        ...(bytes.length > 0 && { body: bytes }),
      });
      response.writeHead(forwarded.status, { "content-type": "application/json" });
      return response.end(await forwarded.text());
    }
    if (authorization !== `Convex ${ADMIN_KEY}`) {
      return send(401, { code: "BadDeployKey", message: "The provided admin key is not valid." });
    }
    const text = encoding === "br" ? await promisify(brotliDecompress)(bytes) : bytes;
    const { status, body } = await answer(
      pathname,
      text.length > 0 ? JSON.parse(text.toString()) : undefined,
    );
    return send(status, body);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ code: "StubFailed", message: String(error) }));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket: WebSocket, request) => {
    // The first token shows who connects: only the CLI authenticates with an admin key.
    const held: string[] = [];
    const listen = (data: Buffer) => {
      held.push(data.toString());
      const token = vAuthenticate.safeParse(JSON.parse(data.toString())).data;
      if (token === undefined) return;
      socket.off("message", listen);
      if (token.tokenType === "Admin") showVariables(socket, variables, held);
      else if (backend) tunnel(socket, `${backend.url.replace("http", "ws")}${request.url}`, held);
      else socket.close();
    };
    socket.on("message", listen);
  });
  const url = () => {
    const address = server.address();
    return typeof address === "object" ? `http://127.0.0.1:${address?.port ?? 0}` : "";
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: url(),
    variables,
    history,
    requests,
    pushes: pushes.started,
    finished: () => pushes.finished,
    refuseNextPush: (code, message) => {
      pushes.refusal = { code, message };
    },
    functions: () => backend,
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
      await backend?.stop();
    },
  };
}
