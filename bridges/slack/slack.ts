import type { Logger } from "pino";
import type { Platform } from "../platform.ts";
import { FORMAT, renderPieces } from "./format.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import { findPost } from "./find.ts";
import { createSender } from "./send.ts";
import type { SlackConfig } from "./web.ts";

/** Slack: hears through Bolt in Socket Mode, posts through the Web API. */
export function createSlack(
  config: SlackConfig,
  log: Logger,
  options: GatewayOptions = {},
): Platform {
  const gateway = new Gateway(config, log, options);
  let onFatal: ((error: Error) => void) | undefined;
  const fatal = (error: Error) => {
    onFatal?.(error);
    onFatal = undefined;
  };
  return {
    name: "slack",
    format: FORMAT,
    history: gateway.history,
    start(intake, report) {
      onFatal = report;
      return gateway.start(intake, fatal);
    },
    stopIntake: () => gateway.stopIntake(),
    close: () => gateway.close(),
    render: renderPieces,
    find: (delivery, part, _piece, signal) => findPost(config, log, delivery, part, signal),
    ...createSender(config, log, fatal),
  };
}
