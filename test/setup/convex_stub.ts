import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { WebSocketServer } from "ws";
import { z } from "zod";

export interface ConvexStub {
  readonly url: string;
  /** The deployment's variables as they are now. */
  readonly variables: Map<string, string>;
  /** The variables after each change. */
  readonly history: ReadonlyMap<string, string>[];
  readonly requests: string[];
  stop(): Promise<void>;
}

const vUpdate = z.object({
  changes: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
});
const vFrame = z.looseObject({
  type: z.string(),
  baseVersion: z.number().optional(),
  newVersion: z.number().optional(),
  modifications: z.array(z.looseObject({ type: z.string(), queryId: z.number() })).optional(),
});

/** What the Convex CLI needs of a deployment to list and set variables. A push is refused. */
export async function startConvexStub(): Promise<ConvexStub> {
  const variables = new Map<string, string>();
  const history: ReadonlyMap<string, string>[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://stub");
    requests.push(`${request.method ?? ""} ${pathname}`);
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    void buffer(request).then((body) => {
      switch (pathname) {
        case "/api/update_environment_variables":
          for (const { name, value } of vUpdate.parse(JSON.parse(body.toString())).changes) {
            if (value === null) variables.delete(name);
            else variables.set(name, value);
          }
          history.push(new Map(variables));
          return answer(200, {});
        case "/api/v1/get_canonical_urls":
          return answer(200, { convexCloudUrl: url(), convexSiteUrl: url() });
        case "/api/get_config_hashes":
          return answer(200, {
            config: { functions: "convex/" },
            moduleHashes: [],
            udfServerVersion: "1.48.0",
          });
        case "/api/deploy2/evaluate_schema":
          return answer(200, {});
        case "/api/deploy2/start_push":
          return answer(400, { code: "StubEndsHere", message: "The stub takes no push." });
        default:
          return answer(404, { code: "NotFound", message: pathname });
      }
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    let version = { querySet: 0, identity: 0, ts: stamp(0) };
    let ticks = 0;
    socket.on("message", (data: Buffer) => {
      const frame = vFrame.parse(JSON.parse(data.toString()));
      if (frame.type !== "Authenticate" && frame.type !== "ModifyQuerySet") return;
      ticks += 1;
      const endVersion = {
        querySet: frame.type === "ModifyQuerySet" ? (frame.newVersion ?? 0) : version.querySet,
        identity: frame.type === "Authenticate" ? version.identity + 1 : version.identity,
        ts: stamp(ticks),
      };
      const value = [...variables].map(([name, text]) => ({ name, value: text }));
      const modifications = (frame.modifications ?? [])
        .filter(({ type }) => type === "Add")
        .map(({ queryId }) => ({
          type: "QueryUpdated",
          queryId,
          value,
          logLines: [],
          journal: null,
        }));
      const transition = { type: "Transition", startVersion: version, endVersion, modifications };
      version = endVersion;
      socket.send(JSON.stringify(transition));
    });
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
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    },
  };
}

/** Convex's timestamps on the wire: 64 bits, little-endian, base64. */
function stamp(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.toString("base64");
}
