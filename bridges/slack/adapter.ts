import type { Logger } from "pino";
import { withChannelTroubles } from "../core/catch_up/channel_troubles.ts";
import type { Delivery, Platform } from "../platform.ts";
import { FORMAT, renderPieces } from "./outbound/format.ts";
import { Gateway, type GatewayOptions } from "./inbound/router.ts";
import { findPost } from "./outbound/find.ts";
import { createSender } from "./outbound/send.ts";
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
  const sender = createSender(config, log, fatal);
  /** Claimed before Convex knew that the channel has another id now. */
  const here = (delivery: Delivery): Delivery => ({
    ...delivery,
    channel: gateway.moves.now(delivery.channel),
  });
  return {
    name: "slack",
    format: FORMAT,
    history: withChannelTroubles(gateway.history, (mapping) => gateway.troubles.check(mapping)),
    start(intake, report) {
      onFatal = report;
      return gateway.start(intake, fatal);
    },
    stopIntake: () => gateway.stopIntake(),
    close: () => gateway.close(),
    render: renderPieces,
    find: (delivery, part, _piece, signal) => findPost(config, log, here(delivery), part, signal),
    post: (delivery, part, piece, signal) => sender.post(here(delivery), part, piece, signal),
    edit: (delivery, id, piece, signal) => sender.edit(here(delivery), id, piece, signal),
    remove: (delivery, id, signal) => sender.remove(here(delivery), id, signal),
  };
}
