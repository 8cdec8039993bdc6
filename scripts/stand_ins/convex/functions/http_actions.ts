import { AsyncLocalStorage } from "node:async_hooks";
import type { RefusedToken } from "./auth.ts";
import type { Module } from "./modules.ts";
import type { Failure } from "./outcome.ts";

/*
 * HTTP actions: the routes of http.ts. convex-test's `fetch` runs them, but would tell them another address, and knows no
 * refused tokens.
 */

type Handler = (ctx: object, request: Request) => unknown;

/** A request and the action that answers it. */
export interface HttpCall {
  readonly request: Request;
  readonly handler: Handler;
  /** `undefined` without a token, and with a valid one. */
  readonly refusal: RefusedToken | undefined;
}

interface Router {
  lookup(path: string, method: string): [{ readonly _handler: Handler }, string, string] | null;
}

const current = new AsyncLocalStorage<HttpCall>();

/** Runs `fetch` of convex-test so that `httpModule` passes this call on. */
export function answering<T>(call: HttpCall, fetch: () => T): T {
  return current.run(call, fetch);
}

/**
 * What convex-test is given for http.ts. A refused token ends no request: queries see nobody, and only the action's own
 * `getUserIdentity` throws.
 */
export const httpModule: Module = {
  default: {
    lookup: () => [
      {
        _handler: (ctx: object) => {
          const call = current.getStore();
          if (!call) throw new Error("no HTTP action is called");
          const { request, handler, refusal } = call;
          const auth = { getUserIdentity: () => Promise.reject(refusal ?? new Error()) };
          return handler(refusal ? { ...ctx, auth } : ctx, request);
        },
      },
    ],
  },
};

/** What `convex/http.ts` has as its default, if it is a router. */
export function routerOf(module: Module | undefined): Router | undefined {
  const found = module?.default;
  return isRouter(found) ? found : undefined;
}

function isRouter(value: unknown): value is Router {
  return (
    typeof value === "object" && value !== null && "isRouter" in value && value.isRouter === true
  );
}

/** Answers of the deployment itself. */
export const answers = {
  noRouter: () => text("This Convex deployment does not have HTTP actions enabled."),
  noRoute: () => text("No matching routes found"),
  /** An action's ConvexError arrives here with its data encoded. */
  failed: ({ message, data }: Failure) => {
    const encoded = typeof data === "string" ? { data: JSON.parse(data) as unknown } : {};
    return Response.json({ code: message, ...encoded }, { status: 500 });
  },
};

function text(body: string): Response {
  return new Response(body, {
    status: 404,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
