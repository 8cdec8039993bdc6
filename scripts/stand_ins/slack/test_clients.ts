import type { Logger } from "@slack/bolt";
import { LogLevel } from "@slack/bolt";
import { SocketModeClient } from "@slack/socket-mode";
import { WebAPIPlatformError, WebClient, type WebClientOptions } from "@slack/web-api";
import { expect } from "vitest";
import { z } from "zod";
import { type SlackStandIn, type SlackStandInOptions, startSlackStandIn } from "./stand_in.ts";

/** Shared by the tests of the Slack stand-in: stock clients that don't log, closed after each test. */
export const quiet: Logger = {
  ...{ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  ...{ setLevel: () => {}, getLevel: () => LogLevel.ERROR, setName: () => {} },
};

const envelope = z.looseObject({
  ack: z.custom<() => Promise<void>>((value) => typeof value === "function"),
  retry_num: z.number(),
  body: z.looseObject({
    event_id: z.string(),
    event: z.looseObject({ type: z.string(), ts: z.string(), text: z.string().optional() }),
  }),
});
export type Envelope = z.infer<typeof envelope>;

export const cleanups: (() => Promise<unknown>)[] = [];

/** Closes what the test opened, in reverse order, and asserts that no stand-in refused anything. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export async function start(options?: SlackStandInOptions): Promise<SlackStandIn> {
  const slack = await startSlackStandIn(options);
  cleanups.push(async () => {
    await slack.stop();
    expect(slack.refused).toEqual([]);
  });
  return slack;
}

export function setting(slack: SlackStandIn, name: string): string {
  const value = slack.env[name];
  if (value === undefined) throw new Error(`the stand-in has no ${name}`);
  return value;
}

export function webClient(
  slack: SlackStandIn,
  options: WebClientOptions = {},
  token?: string,
): WebClient {
  return new WebClient(token ?? setting(slack, "SLACK_BOT_TOKEN"), {
    slackApiUrl: setting(slack, "SLACK_API_URL"),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: quiet,
    ...options,
  });
}

/** A stock Socket Mode client. `onEnvelope` decides whether to acknowledge. */
export async function listener(
  slack: SlackStandIn,
  onEnvelope: (envelope: Envelope) => unknown,
): Promise<SocketModeClient> {
  const client = new SocketModeClient({
    appToken: setting(slack, "SLACK_APP_TOKEN"),
    clientOptions: { slackApiUrl: setting(slack, "SLACK_API_URL") },
    clientPingTimeout: 200, // Also how soon it reconnects.
    logger: quiet,
  });
  client.on("slack_event", (given: unknown) => onEnvelope(envelope.parse(given)));
  cleanups.push(() => client.disconnect());
  await client.start();
  return client;
}

export async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => (error instanceof WebAPIPlatformError ? error.data.error : error),
  );
}
