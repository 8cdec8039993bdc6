import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { z } from "zod";

/** One module as the CLI has bundled it. */
const vModule = z.object({
  path: z.string(),
  source: z.string(),
  environment: z.enum(["isolate", "node"]),
});
export type BundledModule = z.infer<typeof vModule>;

const vDefinition = { definition: vModule.nullish(), schema: vModule.nullish() };

const vPush = z.object({
  appDefinition: z.object({ ...vDefinition, changedModules: z.array(vModule) }),
  componentDefinitions: z.array(z.object({ ...vDefinition, functions: z.array(vModule) })),
});
export type Push = z.infer<typeof vPush>;

export interface PushStub {
  readonly url: string;
  /** What was asked for, in order, as `METHOD /path`. */
  readonly requests: readonly string[];
  /** What was pushed. Throws if nothing was, or something of another shape. */
  push(): Push;
  stop(): Promise<void>;
}

/** Answers the Convex CLI until it pushes, and refuses that, keeping what was pushed. */
export async function startPushStub(): Promise<PushStub> {
  const requests: string[] = [];
  let pushed: unknown;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://stub");
    requests.push(`${request.method ?? ""} ${pathname}`);
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    void readBody(request).then((body) => {
      switch (pathname) {
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
          pushed = JSON.parse(body);
          return answer(400, { code: "StubEndsHere", message: "The stub takes no push." });
        default:
          return answer(404, { code: "NotFound", message: pathname });
      }
    });
  });
  const url = () => {
    const address = server.address();
    return typeof address === "object" ? `http://127.0.0.1:${address?.port ?? 0}` : "";
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: url(),
    requests,
    push: () => vPush.parse(pushed),
    stop: async () => {
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const bytes = await buffer(request);
  const isBrotli = request.headers["content-encoding"] === "br";
  return (isBrotli ? await promisify(brotliDecompress)(bytes) : bytes).toString();
}
