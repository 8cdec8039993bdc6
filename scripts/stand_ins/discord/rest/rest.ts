import type { IncomingMessage, ServerResponse } from "node:http";
import { readBytes, sendJson, type Wire } from "../../wire.ts";
import type { Backend, Credentials } from "../backend.ts";
import { type Body, readCall } from "./body.ts";
import type { Call, Reply } from "./call.ts";
import { RateLimiter, tooMany, type RateLimits } from "./rate_limits.ts";
import { NotImplemented, plain, refuse, Refusal } from "./refusals.ts";
import { match, routes, type RouteName } from "./routes.ts";

interface Answer extends Reply {
  readonly headers: Readonly<Record<string, string>>;
}

/** Discord's REST API, version 10, under `/api`. */
export class Rest {
  readonly #limiter: RateLimiter;

  constructor(
    private readonly backend: Backend,
    private readonly wire: Wire,
    private readonly credentials: Credentials,
    rateLimits: RateLimits,
  ) {
    this.#limiter = new RateLimiter(rateLimits);
  }

  /** Answers one request, or applies the fault queued for it. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "GET";
    const url = new URL(request.url ?? "/", "http://stand-in");
    const body = await readCall(request.headers["content-type"] ?? "", await readBytes(request));
    const found = match(method, url.pathname.replace(/^\/api\/v10\//, ""));
    if (!found) {
      this.#unknown(`${method} ${url.pathname}`, response);
      return;
    }
    const { name, ids } = found;
    const fault = this.wire.request(name);
    const send = ({ status, body, headers }: Answer) => {
      this.wire.answer(name, status, () => sendJson(response, status, body, headers));
    };
    const answer = (): Answer => {
      const needsBot = !name.includes("/:token");
      if (needsBot && request.headers.authorization !== `Bot ${this.credentials.token}`) {
        return failed(plain(401, "Unauthorized"), {});
      }
      return this.#execute(name, () => ({ ids, query: url.searchParams, ...opened(body) }), ids);
    };
    if (typeof fault === "number") {
      send(failed(plain(fault, "Error"), {}));
      return;
    }
    if (typeof fault === "object") {
      if ("error" in fault) {
        send(failed(refuse(Number(fault.error)), {}));
        return;
      }
      if ("answer" in fault) {
        send({ status: 200, body: fault.answer, headers: {} });
        return;
      }
      send({ status: 429, ...tooMany(fault.retryAfter * 1000, fault.global) });
      return;
    }
    switch (fault) {
      case "deliver": {
        send(answer());
        return;
      }
      case "hang":
        return;
      case "hangAfterAccept":
        answer();
        return;
      case "500AfterAccept":
        answer();
        {
          send(failed(plain(500, "Internal Server Error"), {}));
          return;
        }
    }
  }

  #execute(name: RouteName, read: () => Call, [major = ""]: readonly string[]): Answer {
    const { headers, retryAfterMs } = this.#limiter.take(name, major);
    const wait = retryAfterMs ?? this.#sharedWait(name, major);
    if (wait !== undefined) {
      const { body, headers: more } = tooMany(wait);
      return { status: 429, body, headers: { ...headers, ...more } };
    }
    try {
      return { ...routes[name](this.backend, read()), headers };
    } catch (error) {
      if (error instanceof Refusal) return failed(error, headers);
      if (!(error instanceof NotImplemented)) throw error;
      this.wire.refuse(error.what);
      return { status: 501, body: { message: error.message, code: 0 }, headers };
    }
  }

  /** How long to wait for the limit that all webhooks of a channel share, in ms. */
  #sharedWait(name: RouteName, webhook: string): number | undefined {
    const channel = this.backend.world.webhooks.get(webhook)?.channel.id;
    if (name !== "POST webhooks/:id/:token" || channel === undefined) return undefined;
    return this.#limiter.take("webhooks of a channel", channel).retryAfterMs;
  }

  #unknown(what: string, response: ServerResponse): void {
    this.wire.refuse(what);
    const { message } = new NotImplemented(what);
    sendJson(response, 501, { message, code: 0 });
  }
}

function failed(refusal: Refusal, headers: Readonly<Record<string, string>>): Answer {
  return { status: refusal.status, body: refusal.body, headers };
}

/** What a request holds. Throws what is wrong with it. */
function opened(body: Body): Pick<Call, "body" | "files"> {
  if ("refusal" in body) throw body.refusal;
  return body;
}
