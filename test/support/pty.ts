import { execFileSync, spawn } from "node:child_process";

/** A program at a terminal of its own. */
export interface AtTerminal {
  /** Everything shown so far. */
  output(): string;
  type(keys: string): void;
  /** Sends a signal to the program itself, as a service manager does. */
  signal(name: "SIGINT" | "SIGTERM"): void;
  /** The program and every process below it, by id. */
  processes(): number[];
  /** Resolves with the program's exit code; 256 minus the signal's number if a signal ended it. */
  readonly ended: Promise<number | null>;
  kill(): void;
}

/** Copies between its own streams and a pseudo-terminal. SIGUSR1 and SIGUSR2 stand for SIGINT and SIGTERM to the program. */
const RELAY = `
import os, pty, select, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
for received, sent in ((signal.SIGUSR1, signal.SIGINT), (signal.SIGUSR2, signal.SIGTERM)):
    signal.signal(received, lambda *_, sent=sent: os.kill(pid, sent))
watched = [0, terminal]
while True:
    ready = select.select(watched, [], [])[0]
    if 0 in ready:
        keys = os.read(0, 1024)
        if keys:
            os.write(terminal, keys)
        else:
            watched.remove(0)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            break
        if not shown:
            break
        os.write(1, shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
`;

/** Starts a command in a real terminal, with Python's pty module: Node has none. */
export function startAtTerminal(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): AtTerminal {
  const child = spawn("python3", ["-c", RELAY, ...command], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, TERM: "xterm", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let shown = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  }
  child.stdin.on("error", () => undefined);
  return {
    output: () => shown,
    type: (keys) => void child.stdin.write(keys),
    signal: (name) => void child.kill(name === "SIGINT" ? "SIGUSR1" : "SIGUSR2"),
    processes: () => below(child.pid ?? 0),
    ended: new Promise((resolve) => child.once("close", resolve)),
    kill: () => void child.kill("SIGKILL"),
  };
}

function below(parent: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const rows = [...table.matchAll(/(\d+) +(\d+)/g)].map(([, pid, of]) => [Number(pid), Number(of)]);
  const children = (of: number): number[] =>
    rows.flatMap(([pid = 0, ppid]) => (ppid === of ? [pid, ...children(pid)] : []));
  return children(parent);
}
