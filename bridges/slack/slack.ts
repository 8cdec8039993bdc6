import type { Logger } from "pino";
import type { Platform } from "../platform.ts";
import { FORMAT, renderPieces } from "./format.ts";
import { Gateway } from "./gateway.ts";
import { createSender } from "./send.ts";
import type { SlackConfig } from "./web.ts";

/** Slack: hears through Bolt in Socket Mode, posts through the Web API. */
export function createSlack(config: SlackConfig, log: Logger): Platform {
  const gateway = new Gateway(config, log);
  let onFatal: ((error: Error) => void) | undefined;
  const fatal = (error: Error) => {
    onFatal?.(error);
    onFatal = undefined;
  };
  return {
    name: "slack",
    format: FORMAT,
    start(intake, report) {
      onFatal = report;
      return gateway.start(intake, fatal);
    },
    stopIntake: () => gateway.stopIntake(),
    close: () => gateway.close(),
    render: renderPieces,
    ...createSender(config, log, fatal),
  };
}
