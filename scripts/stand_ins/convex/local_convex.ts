import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CallStats } from "./engine/call_stats.ts";
import type { AuthProvider } from "./functions/auth.ts";
import type { MutationFault } from "./functions/faults.ts";
import { CONVEX_LIMITS, type Limits } from "./functions/limits.ts";
import { SITE_PATH } from "./server/site_api.ts";
import { type Command, vAnswerMessage, vStarted, vStats } from "./server/ipc.ts";
import { compile } from "../../compile.mjs";
import { ROOT } from "../../tooling/repository.ts";

export interface LocalConvexOptions {
  /** The deployment's environment variables; it sees no others. */
  readonly env: Readonly<Record<string, string>>;
  /** Default: any free port. */
  readonly port?: number;
  /** Default: this project's convex/. */
  readonly functionsDir?: string;
  /** Files to run in place of others, by the path of those. Default: none. */
  readonly replace?: Readonly<Record<string, string>>;
  /** Trusted besides those of auth.config.ts. */
  readonly authProviders?: readonly AuthProvider[];
  /** Hides the text of errors from clients, as production does. Default true. */
  readonly redact?: boolean;
  /** Over Convex's own. */
  readonly limits?: Partial<Limits>;
  /** Receives the output of the functions and the deployment, line by line. Default: it is dropped. */
  readonly log?: (line: string) => void;
}

/** A running local deployment. */
export interface LocalConvex {
  readonly url: string;
  /** Where its HTTP actions are: CONVEX_SITE_URL. */
  readonly siteUrl: string;
  /** Sets (or, with `undefined`, removes) an environment variable, as `npx convex env set` does. */
  setEnv(name: string, value: string | undefined): Promise<void>;
  /** Lets web pages of this origin use the deployment. It refuses those of any other. */
  allowOrigin(origin: string): Promise<void>;
  /** Runs a function without arguments as its cron does, now. */
  runJob(path: string): Promise<void>;
  /** The calls since the start or the last `resetStats`. */
  stats(): Promise<CallStats>;
  resetStats(): Promise<void>;
  readonly faults: {
    /** Breaks every connection and refuses new ones until `back()`. */
    away(): Promise<void>;
    back(): Promise<void>;
    /** Breaks every WebSocket connection; clients may reconnect at once. */
    cutSockets(): Promise<void>;
    /** Delays every answer and update by `ms`. */
    delay(ms: number): Promise<void>;
    /** Delays each transaction by `ms`, while others commit. */
    delayTransactions(ms: number): Promise<void>;
    /** Functions take `factor` times their user time, as on a busy machine; 1 = as usual. */
    slowFunctions(factor: number): Promise<void>;
    /** Applies a fault to the next mutations of clients. */
    mutations(fault: MutationFault, which?: { path?: string; times?: number }): Promise<void>;
    /** Loses every scheduled function that has not begun, as a restored backup does. */
    loseAllJobs(): Promise<void>;
    /** Loses the next scheduled runs of a function. */
    loseJobs(path: string, times?: number): Promise<void>;
  };
  /** Ends the process. Safe to call twice. */
  stop(): Promise<void>;
}

/** The deployment's process failed to start, failed at a command, or ended. */
class LocalConvexError extends Error {}

const keptLines = 20;
const stopWithinMs = 3000;

let compiled: Promise<string> | undefined;

/** The deployment's program, compiled once per process. */
async function serverEntry(): Promise<string> {
  compiled ??= compile(join(import.meta.dirname, "server", "server_process.ts"));
  return fileURLToPath(await compiled);
}

/**
 * Imitates a Convex deployment for stock clients, in a process of its own that ends with this one: queries, mutations,
 * actions, subscriptions, scheduled functions, interval crons, components, `customJwt` authentication, retried mutations,
 * and errors redacted as in production. convex-test runs the functions; engine/ adds indexes and conflict tracking,
 * functions/ loads and calls them, sync/ speaks the WebSocket protocol and server/ is the process and its HTTP API.
 *
 * As strict as Convex where that is known: half of a surrogate pair in a client's message is a fatal error, and is refused
 * in what functions return, write, schedule and pass on; a token issued in the future is refused, also at a renewal; a
 * transaction has Convex's limits of documents, bytes and index ranges, and 1 s of user time, which is counted by its
 * calls and documents (functions/limits.ts); 8 scheduled functions run at once.
 *
 * A search finds what Convex's would, by words and the beginning of the last, in an order of relevance (engine/text_search.ts).
 *
 * Refuses web pages (see `allowOrigin`), messages outside of the protocol, unknown addresses (404), component options, and
 * pages of a search. Nobody can sign in with an auth provider other than `customJwt` with a data URI.
 *
 * Files are uploaded to the addresses of `storage.generateUploadUrl`, and served at those of `storage.getUrl`.
 *
 * HTTP actions answer at `siteUrl`, with responses of up to 20 MiB. A token that is refused refuses no request: the action
 * is asked by nobody, and its own `getUserIdentity` throws.
 *
 * Leaves out the routes of components, streamed responses, the types of blobs that actions store, crons at a time of day, the dashboard, the user time of a function's own code, and
 * parallel transactions: mutations run one after another. Data is in memory.
 */
export async function startLocalConvex(options: LocalConvexOptions): Promise<LocalConvex> {
  const functionsDir = options.functionsDir ?? join(ROOT, "convex");
  // Without a TypeScript loader, which would take more processor time than the rest of the start.
  const child = fork(await serverEntry(), {
    env: { ...options.env },
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    serialization: "advanced",
  });
  const ask = commander(child, linesOf(child, options.log));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(timer);
  };
  const { port: wanted = 0, redact = true, authProviders = [], replace = {} } = options;
  const limits = { ...CONVEX_LIMITS, ...options.limits };
  const trusted = { functionsDir, replace, authProviders };
  const start = { name: "start", ...trusted, port: wanted, redact, limits } as const;
  const started = await ask(start).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const { port } = vStarted.parse(started);
  const send = async (command: Command) => {
    await ask(command);
  };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    siteUrl: `${url}${SITE_PATH}`,
    setEnv: (variable, value) => send({ name: "setEnv", variable, value: value ?? null }),
    allowOrigin: (origin) => send({ name: "allowOrigin", origin }),
    runJob: (path) => send({ name: "runJob", path }),
    stats: async () => vStats.parse(await ask({ name: "stats" })),
    resetStats: () => send({ name: "resetStats" }),
    faults: {
      away: () => send({ name: "away", isAway: true }),
      back: () => send({ name: "away", isAway: false }),
      cutSockets: () => send({ name: "cutSockets" }),
      delay: (ms) => send({ name: "delay", ms }),
      delayTransactions: (ms) => send({ name: "delayTransactions", ms }),
      slowFunctions: (factor) => send({ name: "slowFunctions", factor }),
      mutations: (fault, { path, times } = {}) =>
        send({ name: "planMutations", fault, path: path ?? null, times: times ?? 1 }),
      loseAllJobs: () => send({ name: "loseAllJobs" }),
      loseJobs: (path, times = 1) => send({ name: "loseJobs", path, times }),
    },
    stop,
  };
}

/** Forwards the child's output. Returns a function for its last lines, which explain an early end. */
function linesOf(child: ChildProcess, log: ((line: string) => void) | undefined): () => string {
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      last.push(line);
      if (last.length > keptLines) last.shift();
      log?.(line);
    });
  }
  return () => last.join("\n");
}

/** Sends commands to the child and waits for the answers. */
function commander(child: ChildProcess, lastLines: () => string) {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  let ended: LocalConvexError | undefined;
  child.on("message", (message) => {
    const answer = vAnswerMessage.parse(message);
    const pending = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.ok) pending?.resolve(answer.value);
    else pending?.reject(new LocalConvexError(answer.error));
  });
  const end = (why: string) => {
    ended ??= new LocalConvexError(`The local Convex deployment ended (${why})\n${lastLines()}`);
    for (const pending of waiting.values()) pending.reject(ended);
    waiting.clear();
  };
  child.on("error", (error) => end(error.message));
  child.on("exit", (code, signal) => end(signal ?? `exit code ${String(code)}`));
  return (command: Command): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended);
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      child.send({ id, command });
    });
}
