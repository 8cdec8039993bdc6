import { pino } from "pino";
import { afterEach, expect } from "vitest";
import type { Mapping, Platform } from "../../../bridges/platform.ts";
import { Slack, type SlackOptions } from "../../../bridges/slack/adapter.ts";
import {
  type SlackStandIn,
  type SlackStandInOptions,
  startSlackStandIn,
} from "../../../scripts/stand_ins/slack/stand_in.ts";
import { RecordingCore } from "../recording_core.ts";

/* The stage of the Slack adapter's tests: the adapter between the stand-in for Slack and a fake core. */

const cleanups: (() => Promise<unknown>)[] = [];

/** Stops what each test of the file starts here. */
export function useSlackStage(): void {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
}

export interface Setup {
  readonly slack: SlackStandIn;
  readonly core: RecordingCore;
  readonly bridge: Platform;
  readonly channel: string;
  readonly mapping: Mapping;
  readonly ada: string;
  /** Posts a message in the mapped channel as Ada. Returns the message's id. */
  readonly say: (text: string, thread?: string) => string;
  readonly fatal: Error[];
  readonly lines: string[];
}

/** The adapter, not started; its log lines go to `lines`. */
export function createBridge(
  slack: SlackStandIn,
  lines: string[],
  tokens: Partial<Tokens> = {},
  options?: SlackOptions,
) {
  const { SLACK_BOT_TOKEN = "", SLACK_APP_TOKEN = "", SLACK_API_URL = "" } = slack.env;
  const log = pino({ level: "trace" }, { write: (line: string) => lines.push(line) });
  const config = { botToken: SLACK_BOT_TOKEN, appToken: SLACK_APP_TOKEN, apiUrl: SLACK_API_URL };
  const bridge = new Slack({ ...config, ...tokens }, log, options);
  cleanups.push(() => bridge.close());
  return bridge;
}
export interface Tokens {
  botToken: string;
  appToken: string;
}

/** A stand-in for Slack; at the end of the test it must have refused nothing. */
export async function startStandIn(options?: SlackStandInOptions): Promise<SlackStandIn> {
  const slack = await startSlackStandIn(options);
  cleanups.push(async () => {
    await slack.stop();
    expect(slack.refused).toEqual([]);
  });
  return slack;
}

/** A connected adapter with one mapped channel and one person. */
export async function start(
  options?: SlackStandInOptions,
  bridgeOptions?: SlackOptions,
): Promise<Setup> {
  const slack = await startStandIn(options);
  const lines: string[] = [];
  const bridge = createBridge(slack, lines, {}, bridgeOptions);
  const core = new RecordingCore();
  const fatal: Error[] = [];
  const channel = slack.addChannel("general");
  const mapping = core.map(channel);
  const ada = slack.addPerson("Ada");
  const say = (text: string, thread?: string) =>
    slack.say({ channel, person: ada, text, ...(thread !== undefined && { thread }) });
  await bridge.start(core, (error) => fatal.push(error));
  return { slack, core, bridge, channel, mapping, ada, say, fatal, lines };
}

export function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** A deadline that no test reaches. */
export const soon = () => AbortSignal.timeout(10_000);
