import type { Logger } from "pino";
import { FatalError } from "../shared/errors.ts";

/**
 * Signals within this time, in ms, count as one shutdown request: a supervisor signals the whole process group, and npm
 * forwards the signal again. A later signal ends the process at once.
 */
const SAME_REQUEST_MS = 1_000;

/** Something that runs until it ends by itself or is stopped. */
export interface Service {
  /** The exit code: 0 after a clean stop. */
  readonly ended: Promise<number>;
  stop(): void;
  /** Told of what nothing caught. Returns whether it concerns only a part of the service, which sees to it. */
  crashed?(error: unknown): boolean;
}

/** One line for a failure that ends a process or a platform: what is wrong, and the step that fixes it. */
export function failureLine(error: unknown): string {
  if (error instanceof FatalError) return `error: ${error.message}. ${error.step}`;
  const kind = error instanceof Error ? error.name : typeof error;
  return `error: unexpected failure (${kind}). See the log for details`;
}

/** Writes a line that may be lost. To a file, Node writes at once, and some versions throw when the disk is full. */
export function writeLine(stream: NodeJS.WritableStream, line: string): void {
  try {
    stream.write(line);
  } catch {
    // There is nowhere left to say it.
  }
}

/** Runs a service as this process: signals stop it, and the process exits when it ends. */
export async function runAsProcess(service: Service, log: Logger): Promise<never> {
  const seen: { signalAt?: number; crash: boolean } = { crash: false };
  const onSignal = (signal: NodeJS.Signals) => {
    if (seen.signalAt !== undefined) {
      if (performance.now() - seen.signalAt > SAME_REQUEST_MS) process.exit(1);
      return;
    }
    seen.signalAt = performance.now();
    log.info({ signal }, "stopping");
    service.stop();
  };
  // Libraries drop promises when they reconnect. Their state is unknown afterwards, so the process shuts down, and its
  // supervisor starts a new one.
  const onCrash = (error: unknown) => {
    if (service.crashed?.(error) === true) return;
    log.fatal({ err: error }, "unexpected failure");
    if (!seen.crash) writeLine(process.stderr, `${failureLine(error)}\n`);
    seen.crash = true;
    service.stop();
  };
  // The reader of the output is gone, or the disk is full: a line is lost, and nothing else. Unhandled, this would count
  // as a crash, whose line fails again, forever.
  const onOutputError = () => undefined;
  process.stdout.on("error", onOutputError);
  process.stderr.on("error", onOutputError);
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", onCrash);
  process.on("unhandledRejection", onCrash);

  const code = await service.ended;
  process.exit(seen.crash ? 1 : code);
}
