import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CallStats } from "./engine/call_stats.ts";
import type { MutationFault } from "./functions/faults.ts";
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
  /** Hide the text of errors from clients, as production does. Default true. */
  readonly redact?: boolean;
  /** Takes what the functions and the deployment itself print, line by line. Default: nobody. */
  readonly log?: (line: string) => void;
}

/** A Convex deployment on this machine. Its data is in memory, and gone when it stops. */
export interface LocalConvex {
  readonly url: string;
  /** Sets (or, with `undefined`, removes) an environment variable, as `npx convex env set` does. */
  setEnv(name: string, value: string | undefined): Promise<void>;
  /** What was called since the start or the last `resetStats`. */
  stats(): Promise<CallStats>;
  resetStats(): Promise<void>;
  readonly faults: {
    /** Breaks every connection and refuses new ones until `back()`. */
    away(): Promise<void>;
    back(): Promise<void>;
    /** Breaks every WebSocket connection; clients may come back at once. */
    cutSockets(): Promise<void>;
    /** Delays every answer and update by so many milliseconds. */
    delay(ms: number): Promise<void>;
    /** Keeps each transaction under way for so many milliseconds, while others commit. */
    underWay(ms: number): Promise<void>;
    /** Lets the next mutations of clients go wrong; see `MutationFault`. */
    mutations(fault: MutationFault, which?: { path?: string; times?: number }): Promise<void>;
    /** The next scheduled runs of a function never begin. */
    loseJobs(path: string, times?: number): Promise<void>;
  };
  /** Ends the process. Safe to call twice. */
  stop(): Promise<void>;
}

/** The deployment's process would not start, would not do what was asked, or is gone. */
export class LocalConvexError extends Error {}

const keptLines = 20;
const stopWithinMs = 3000;

let compiled: Promise<string> | undefined;

/** The deployment's program, compiled once per process. */
async function serverEntry(): Promise<string> {
  compiled ??= compile(join(import.meta.dirname, "server", "server_process.ts"));
  return fileURLToPath(await compiled);
}

/** Starts a deployment in a process of its own. It ends when this process does. */
export async function startLocalConvex(options: LocalConvexOptions): Promise<LocalConvex> {
  const functionsDir = options.functionsDir ?? join(ROOT, "convex");
  // Without a TypeScript loader, which would take more processor time than everything else at the start.
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
  const start = { functionsDir, port: options.port ?? 0, redact: options.redact ?? true };
  const started = await ask({ name: "start", ...start }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const { port } = vStarted.parse(started);
  const tell = async (command: Command) => {
    await ask(command);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    setEnv: (variable, value) => tell({ name: "setEnv", variable, value: value ?? null }),
    stats: async () => vStats.parse(await ask({ name: "stats" })),
    resetStats: () => tell({ name: "resetStats" }),
    faults: {
      away: () => tell({ name: "away", isAway: true }),
      back: () => tell({ name: "away", isAway: false }),
      cutSockets: () => tell({ name: "cutSockets" }),
      delay: (ms) => tell({ name: "delay", ms }),
      underWay: (ms) => tell({ name: "underWay", ms }),
      mutations: (fault, { path, times } = {}) =>
        tell({ name: "planMutations", fault, path: path ?? null, times: times ?? 1 }),
      loseJobs: (path, times = 1) => tell({ name: "loseJobs", path, times }),
    },
    stop,
  };
}

/** Passes the child's output on; gives back its last lines, to explain an early end. */
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
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.ok) asker?.resolve(answer.value);
    else asker?.reject(new LocalConvexError(answer.error));
  });
  const end = (why: string) => {
    ended ??= new LocalConvexError(`The local Convex deployment ended (${why})\n${lastLines()}`);
    for (const asker of waiting.values()) asker.reject(ended);
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
