import { createHash } from "node:crypto";

/** At most `requests` in a window that starts with the first of them. */
export interface Limit {
  readonly requests: number;
  readonly windowMs: number;
}

/** `real`: close to Discord's limits. `generous`: never reached. Or limits by route name, which override those of `real`. */
export type RateLimits = "real" | "generous" | Readonly<Record<string, Limit>>;

/** The state of a request's bucket: its headers, and how long to wait if the limit was reached. */
export interface BucketState {
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
}

const GENEROUS: Limit = { requests: 1_000, windowMs: 1_000 };
const COMMON: Limit = { requests: 50, windowMs: 1_000 };
/** Undocumented. From the headers of the real API: 5 messages in 5 s per channel. */
const REAL: Readonly<Record<string, Limit>> = {
  "POST channels/:id/messages": { requests: 5, windowMs: 5_000 },
  "PATCH channels/:id/messages/:message": { requests: 5, windowMs: 5_000 },
  // Per webhook and per channel, as people measured them.
  "POST webhooks/:id/:token": { requests: 5, windowMs: 2_000 },
  "webhooks of a channel": { requests: 30, windowMs: 60_000 },
};

/** Limits close to Discord's, `factor` times as fast. */
export function fasterLimits(factor: number): RateLimits {
  return Object.fromEntries(
    Object.entries(REAL).map(([route, { requests, windowMs }]) => [
      route,
      { requests, windowMs: windowMs / factor },
    ]),
  );
}

/** Counts requests by route and by the channel or guild in its path, as Discord does ("Rate Limits"). */
export class RateLimiter {
  readonly #windows = new Map<string, { startedAt: number; used: number }>();

  constructor(private readonly limits: RateLimits) {}

  take(route: string, major: string): BucketState {
    const limit = this.#limitOf(route);
    const now = Date.now();
    const key = `${route} ${major}`;
    let window = this.#windows.get(key);
    if (!window || now >= window.startedAt + limit.windowMs) {
      window = { startedAt: now, used: 0 };
      this.#windows.set(key, window);
    }
    const over = window.used >= limit.requests;
    if (!over) window.used += 1;
    const resetAt = window.startedAt + limit.windowMs;
    return {
      retryAfterMs: over ? resetAt - now : undefined,
      headers: {
        "x-ratelimit-limit": String(limit.requests),
        "x-ratelimit-remaining": String(limit.requests - window.used),
        "x-ratelimit-reset": (resetAt / 1000).toFixed(3),
        "x-ratelimit-reset-after": ((resetAt - now) / 1000).toFixed(3),
        "x-ratelimit-bucket": createHash("md5").update(route).digest("hex"),
      },
    };
  }

  #limitOf(route: string): Limit {
    if (this.limits === "generous") return GENEROUS;
    const chosen = this.limits === "real" ? undefined : this.limits[route];
    return chosen ?? REAL[route] ?? COMMON;
  }
}

/** Headers and body of a 429. The header counts whole seconds, the body fractions. */
export function tooMany(
  retryAfterMs: number,
  global = false,
): {
  headers: Readonly<Record<string, string>>;
  body: unknown;
} {
  return {
    headers: {
      "retry-after": String(Math.ceil(retryAfterMs / 1000)),
      "x-ratelimit-scope": global ? "global" : "user",
      ...(global ? { "x-ratelimit-global": "true" } : {}),
    },
    body: {
      message: "You are being rate limited.",
      retry_after: retryAfterMs / 1000,
      global,
    },
  };
}
