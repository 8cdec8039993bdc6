/// <reference types="vite/client" />
import { register as registerRateLimiter } from "@convex-dev/rate-limiter/test";
import { convexTest } from "convex-test";
import { ConvexError } from "convex/values";
import { vi } from "vitest";
import { api } from "../../../convex/_generated/api.js";
import type { Doc, TableNames } from "../../../convex/_generated/dataModel.js";
import { ISSUERS } from "../../../convex/model/access/issuers.ts";
import schema from "../../../convex/schema.ts";
import { Engine } from "../../../scripts/stand_ins/convex/engine/engine.ts";
import { internalsOf } from "../../../scripts/stand_ins/convex/engine/internals.ts";

export const modules = import.meta.glob([
  "../../../convex/**/*.{ts,js}",
  "!../../../convex/**/*.*.ts",
]);

// A function's first call loads its module, which may take longer than a test waits for it.
await Promise.all(Object.values(modules).map((load) => load()));

/** Noon, so that no hour or day ends during a test. */
export const NOON = Date.UTC(2026, 2, 10, 12, 5);

export type Backend = Awaited<ReturnType<typeof startBackend>>;
export type Role = "nobody" | "guest" | "member" | "discord" | "slack" | "admin";

/** The provider that signs in the people of an app. */
const APP_ISSUER = "https://login.app.example";

/** A fresh deployment with its clock stopped at noon, and a client for each kind of caller. */
export async function startBackend() {
  vi.useFakeTimers({
    now: NOON,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  vi.stubEnv("OPENAI_API_KEY", "sk-test");
  vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
  const t = convexTest({ schema, modules, transactionLimits: true });
  registerRateLimiter(t);
  // With indexes: without, each query looks at every document of every table.
  new Engine(await internalsOf(t), {
    before: () => Promise.resolve(),
    onBegin: () => undefined,
    onEnd: () => undefined,
    transactionDelayMs: () => 0,
  });
  return {
    t,
    nobody: t,
    // Two people of an app. What they may do is up to its `convex/access.ts`.
    guest: t.withIdentity({ issuer: APP_ISSUER, subject: "gus", name: "Gus" }),
    member: t.withIdentity({ issuer: APP_ISSUER, subject: "mia", name: "Mia" }),
    discord: t.withIdentity({ issuer: ISSUERS.discord, subject: "bridge" }),
    slack: t.withIdentity({ issuer: ISSUERS.slack, subject: "bridge" }),
    admin: t.withIdentity({ issuer: ISSUERS.admin, subject: "ada" }),
  };
}

export function stopBackend(): void {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
}

// Taken before any test replaces the clock.
const realSetTimeout = globalThis.setTimeout.bind(globalThis);

async function realTurns(turns: number): Promise<false> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => realSetTimeout(resolve, 0));
  return false;
}

/** Runs the jobs that are due, and those they schedule for now, until none is left (or one hangs). */
export async function settleDown({ t }: Backend): Promise<void> {
  const ended = () => t.finishInProgressScheduledFunctions().then(() => true);
  for (let i = 0; i < 50; i++) {
    await vi.advanceTimersByTimeAsync(0);
    if (await Promise.race([ended(), microtasks(20)])) return;
    if (!(await Promise.race([ended(), realTurns(60)]))) return;
  }
}

async function microtasks(count: number): Promise<false> {
  for (let i = 0; i < count; i++) await Promise.resolve();
  return false;
}

/** Advances the clock by `ms` in steps, so that jobs that take no time end before later ones are due. */
export async function pass(backend: Backend, ms: number): Promise<void> {
  await settleDown(backend);
  const end = Date.now() + ms;
  while (Date.now() < end) {
    await vi.advanceTimersByTimeAsync(Math.min(Math.max(1_000, ms / 20), end - Date.now()));
    await settleDown(backend);
  }
}

export async function rows<Table extends TableNames>(
  { t }: Backend,
  table: Table,
): Promise<Doc<Table>[]> {
  return await t.run(async (ctx) => await ctx.db.query(table).collect());
}

/** How a call failed, as its caller sees it: the code or the message; "ok" if it succeeded. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (error instanceof ConvexError) {
      const data: unknown = error.data;
      if (typeof data === "object" && data !== null && "code" in data) return String(data.code);
    }
    return error instanceof Error ? error.message : String(error);
  }
}

export const IDS = { discord: "100000000000000001", slack: "C0000000001" } as const;

type MapArgs = (typeof api.admin.map)["_args"];

/** Maps a channel of the platform, by default to the private channel "room". */
export async function mapChannel(
  { admin }: Backend,
  platform: "discord" | "slack" = "discord",
  more: Partial<MapArgs> = {},
) {
  return await admin.mutation(api.admin.map, {
    platform,
    externalId: IDS[platform],
    ...(more.adopt === undefined && { to: "room" }),
    ...more,
  });
}
