import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { PlatformName } from "../../bridges/platform.ts";
import { compile } from "../compile.mjs";

/** How long a bridge may take to connect. Generous: machines that run tests are busy. */
const READY_MS = 30_000;

/** Number of log lines kept to explain a failure. */
const KEPT_LINES = 200;

let compiled: Promise<string> | undefined;

/** Starts the program with what V8 compiled of it before: a third of a start's processor time. */
const STARTER = join(import.meta.dirname, "run_with_code_cache.cjs");

/** The bridge program, compiled once: a test may start a hundred bridges. */
export async function bridgeEntry(): Promise<string> {
  compiled ??= compile(join(import.meta.dirname, "bridge_main.ts"), {
    packages: "bundle",
    format: "cjs",
  });
  return fileURLToPath(await compiled);
}

/** A bridge running as a process of its own. */
export interface BridgeProcess {
  readonly pid: number;
  /** The newest lines it logged. */
  readonly log: readonly string[];
  /** Resolves with the exit code, or the signal's name, once it has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Sends SIGTERM, as a supervisor does. Resolves once the process has ended. */
  stop(): Promise<number | NodeJS.Signals>;
  /** Sends SIGKILL: the process ends without shutting down. */
  kill(): Promise<void>;
  /** Sends SIGSTOP: the process does nothing until `thaw()`, as on a suspended machine. */
  freeze(): void;
  thaw(): void;
}

/** Starts the bridge and resolves once each platform is ready. Rejects with the log if the bridge ends before that. */
export async function startBridgeProcess(
  env: Readonly<Record<string, string>>,
  platforms: readonly PlatformName[],
): Promise<BridgeProcess> {
  const child = spawn(process.execPath, [STARTER, await bridgeEntry(), platforms.join("-")], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithThisProcess(child);
  const log: string[] = [];
  const waiting = new Set<string>(platforms.map((platform) => `ready: ${platform}`));
  const ended = endOf(child);
  const bridge: BridgeProcess = {
    pid: child.pid ?? 0,
    log,
    ended,
    async stop() {
      child.kill("SIGTERM");
      return await ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    freeze() {
      child.kill("SIGSTOP");
    },
    thaw() {
      child.kill("SIGCONT");
    },
  };

  await new Promise<void>((resolve, reject) => {
    const giveUp = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error([`the bridge ${why}:`, ...log].join("\n")));
    };
    const timer = setTimeout(() => {
      giveUp("did not connect in time");
    }, READY_MS);
    void ended.then((how) => {
      giveUp(`ended before it was ready (${how.toString()})`);
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        if (log.length > KEPT_LINES) log.shift();
        for (const sign of waiting) if (line.includes(sign)) waiting.delete(sign);
        if (waiting.size > 0) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
  return bridge;
}

const running = new Set<ChildProcess>();

/** A bridge outlives its parent: it would try for ever to reach a deployment that is gone. */
function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) process.once("exit", killAll);
  running.add(child);
  child.once("exit", () => {
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
  });
}

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  await once(child, "exit");
  return child.exitCode ?? child.signalCode ?? 1;
}
