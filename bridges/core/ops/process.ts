import type { Logger } from "pino";
import { FatalError } from "../shared/errors.ts";

/**
 * Two signals this close, in ms, are one wish: a supervisor tells the whole process group, and npm in it passes on what
 * it was told. A later one is a person who won't wait.
 */
const SAME_WISH_MS = 1_000;

/** Something that runs until it ends by itself or is told to stop. */
export interface Service {
  /** The exit code: 0 after a clean stop. */
  readonly ended: Promise<number>;
  stop(): void;
}

/** One line for a failure that ends a process or a platform: what is wrong and what mends it. */
export function failureLine(error: unknown): string {
  if (error instanceof FatalError) return `error: ${error.message}. ${error.step}`;
  const kind = error instanceof Error ? error.name : typeof error;
  return `error: unexpected failure (${kind}). Its place is in the log`;
}

/** Ties a service to this process: signals stop it, its end is the process's end. */
export async function runAsProcess(service: Service, log: Logger): Promise<never> {
  const seen: { signalAt?: number; crash: boolean } = { crash: false };
  const onSignal = (signal: NodeJS.Signals) => {
    if (seen.signalAt !== undefined) {
      if (performance.now() - seen.signalAt > SAME_WISH_MS) process.exit(1);
      return;
    }
    seen.signalAt = performance.now();
    log.info({ signal }, "stopping");
    service.stop();
  };
  // Libraries lose promises on their reconnect paths. What state they leave is unknown, so the process ends,
  // in order, and whatever supervises it starts a new one.
  const onCrash = (error: unknown) => {
    log.fatal({ err: error }, "unexpected failure");
    if (!seen.crash) process.stderr.write(`${failureLine(error)}\n`);
    seen.crash = true;
    service.stop();
  };
  // Whoever read the log is gone. Unheard, this would be a crash, whose complaint raises it again, for ever.
  const onDeaf = () => {
    seen.crash = true;
    service.stop();
  };
  process.stdout.on("error", onDeaf);
  process.stderr.on("error", onDeaf);
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", onCrash);
  process.on("unhandledRejection", onCrash);

  const code = await service.ended;
  process.exit(seen.crash ? 1 : code);
}
