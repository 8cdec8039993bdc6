import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PlatformName } from "../../../bridges/platform.ts";
import { ROOT } from "../../tooling/repository.ts";

/** A process that is measured. */
export interface Child {
  readonly process: ChildProcess;
  /** Resident memory now, in MB. */
  memoryMb(): number;
  /** Processor time used so far, on all cores, in ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

const READY_MS = 30_000;

/**
 * Starts the production bridge, compiled as by `npm start`, and waits until it is connected. Its environment is `env`; it
 * reads no env file.
 */
export async function startBridge(
  env: Readonly<Record<string, string>>,
  platform: PlatformName,
  nodeArgs: readonly string[],
): Promise<Child> {
  const script = "scripts/stand_ins/bridge_main.ts";
  const args = [...nodeArgs, join(ROOT, "scripts/bootstrap.mjs"), "--compiled", script];
  return await startChild(args, { LOG_LEVEL: "info", ...env }, `ready: ${platform}`);
}

/** Starts a TypeScript program of the bench in a process of its own. The program prints `ready` once it is ready. */
export async function startProgram(file: string, env: Readonly<Record<string, string>>) {
  return await startChild(["--import", "tsx", join(import.meta.dirname, file)], env, "ready");
}

async function startChild(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  sign: string,
): Promise<Child> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    // eslint-disable-next-line no-restricted-properties -- The child inherits only the PATH.
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => {
      child.kill("SIGKILL");
      reject(new Error([`${args.join(" ")} ${why}`, ...lines].join("\n")));
    };
    const timer = setTimeout(() => {
      fail("was not ready within 30 s");
    }, READY_MS);
    child.once("exit", (code) => {
      fail(`ended (${String(code)})`);
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (lines.length > 50) lines.shift();
        if (!line.includes(sign)) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
  return {
    process: child,
    memoryMb: () => residentMb(child.pid ?? 0),
    cpuMs: () => cpuMs(child.pid ?? 0),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), 12_000);
      await ended;
      clearTimeout(force);
    },
  };
}

/** VmRSS of a process, in MB. Linux only; elsewhere NaN. */
function residentMb(pid: number): number {
  try {
    const [, kb = "NaN"] =
      /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kb) / 1024;
  } catch {
    return NaN;
  }
}

/** Linux counts in hundredths of a second on every machine (USER_HZ). */
const TICK_MS = 10;

/** utime and stime of a process, in ms. Linux only; elsewhere NaN. */
function cpuMs(pid: number): number {
  try {
    // The program's name, in parentheses, may contain anything; the fields start after it.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return NaN;
  }
}
