import { type Logger as SdkLogger, LogLevel } from "@slack/web-api";
import type { Logger } from "pino";

/**
 * The bridge's log in the form that Slack's libraries expect. Their debug lines contain whole payloads and are dropped
 * at every LOG_LEVEL; from other lines only plain text is kept, because objects may contain payloads too.
 */
export function sdkLogger(log: Logger): SdkLogger {
  const textOf = (parts: unknown[]) =>
    parts
      .map((part) => (part instanceof Error ? part.name : part))
      .filter((part) => typeof part === "string")
      .join(" ")
      .slice(0, 300)
      .toWellFormed();
  return {
    debug: () => undefined,
    info: (...parts: unknown[]) => log.debug(textOf(parts)),
    warn: (...parts: unknown[]) => log.warn(textOf(parts)),
    error: (...parts: unknown[]) => log.warn(textOf(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
