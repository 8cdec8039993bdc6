import { type Logger as SdkLogger, LogLevel } from "@slack/web-api";
import type { Logger } from "pino";

/**
 * The bridge's log as Slack's libraries want it. Their debug lines hold whole payloads and are dropped whatever
 * LOG_LEVEL says; of the rest only plain text is kept, because objects may carry payloads too.
 */
export function sdkLogger(log: Logger): SdkLogger {
  const textOf = (parts: unknown[]) =>
    parts
      .map((part) => (part instanceof Error ? part.name : part))
      .filter((part) => typeof part === "string")
      .join(" ")
      .slice(0, 300);
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
