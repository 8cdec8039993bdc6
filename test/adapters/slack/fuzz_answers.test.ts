import { pino } from "pino";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import { HistoryRequests } from "../../../bridges/slack/history/requests.ts";
import { identify } from "../../../bridges/slack/identity.ts";
import { Profiles } from "../../../bridges/slack/inbound/profile.ts";
import { findPost } from "../../../bridges/slack/outbound/find.ts";
import { Sender } from "../../../bridges/slack/outbound/send.ts";
import { SlackApi } from "../../../bridges/slack/web.ts";
import { JUNK, oddPayloads, WAITS } from "../../support/odd_payloads.ts";
import { delivery } from "../recording_core.ts";

/* Odd answers to the adapter's requests, through Slack's own client; only the network is replaced. */

let answer: () => Response;
let controller = new AbortController();

beforeEach(() => {
  vi.stubGlobal("fetch", async () => {
    // One answer each: what waits to ask again ends.
    controller.abort();
    return answer();
  });
});
afterEach(() => void vi.unstubAllGlobals());

const log = pino({ level: "silent" });
const config = { botToken: "xoxb-1", appToken: "xapp-1" };
const api = new SlackApi(config, log);
const post = delivery({ channel: "C1", firstClaimedAt: 1_700_000_000_000 });
const fatal: Error[] = [];
const sender = new Sender(config, api, (error) => fatal.push(error));
const META = { event_type: "bridge_delivery", event_payload: { delivery_id: "d1", part: 0 } };
const MESSAGES = {
  ok: true,
  messages: [
    {
      type: "message",
      user: "U1",
      text: "hi",
      ts: "1700000000.000100",
      bot_id: "B1",
      metadata: META,
    },
    {
      type: "message",
      user: "U2",
      text: "ho",
      ts: "1700000001.000100",
      thread_ts: "1700000001.000100",
    },
  ],
  has_more: true,
  response_metadata: { next_cursor: "", scopes: ["chat:write"], messages: ["[WARN] odd"] },
};

async function drain(pages: AsyncIterable<unknown[]>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

/** Every request of the adapter, with what Slack documents as its answer. */
const CALLS: Readonly<
  Record<string, readonly [object, (signal: AbortSignal) => Promise<unknown>]>
> = {
  history: [MESSAGES, (signal) => drain(new HistoryRequests(api).channelPages("C1", {}, signal))],
  replies: [
    MESSAGES,
    (signal) => drain(new HistoryRequests(api).threadPages("C1", "1.1", {}, signal)),
  ],
  info: [
    { ok: true, channel: { id: "C1", name: "general", is_archived: false } },
    (signal) => new HistoryRequests(api).channel("C1", signal),
  ],
  profile: [
    {
      ok: true,
      user: {
        id: "U1",
        name: "ada",
        real_name: "Ada",
        profile: { display_name: "Ada", real_name: "Ada", image_72: "https://e.com/a.png" },
      },
    },
    () => new Profiles(api).of("U1", "user"),
  ],
  channel: [
    { ok: true, channel: { id: "C1", name: "general", is_private: false } },
    () => new Profiles(api).of("C1", "channel"),
  ],
  groups: [
    { ok: true, usergroups: [{ id: "S1", handle: "devs" }] },
    () => new Profiles(api).of("S1", "group"),
  ],
  identity: [
    { ok: true, user_id: "U1", bot_id: "B1", team_id: "T1" },
    (signal) => identify(api, log, signal),
  ],
  post: [
    { ok: true, channel: "C1", ts: "1700000002.000100", message: { text: "hi", blocks: [] } },
    (signal) => sender.post(post, 0, { text: "hi", upTo: 2 }, AbortSignal.any([signal])),
  ],
  find: [MESSAGES, (signal) => findPost(api, post, 0, AbortSignal.any([signal]))],
};

/** What is wrong with what an answer led to. */
async function faultsOf(run: (signal: AbortSignal) => Promise<unknown>): Promise<string[]> {
  controller = new AbortController();
  try {
    // What is read goes on to Convex, so it holds nothing that JSON cannot.
    const found = await run(controller.signal);
    return JSON.stringify(found ?? null).includes("undefined") ? ["undefined in a text"] : [];
  } catch (error) {
    if (!(error instanceof PlatformError)) return [`threw ${String(error).slice(0, 200)}`];
    const { code, message, retryAfterMs: wait = 0 } = error;
    if (!/^[a-z][a-z0-9_]{1,80}$/.test(code) || /^(undefined|null)$/.test(code))
      return [`code ${code}`];
    if (message.length > 300) return ["a long reason"];
    return wait >= 0 && wait <= 60 * 60_000 ? [] : [`a wait of ${wait} ms`];
  }
}

it("an odd answer of Slack is read, or fails in a way that can be told and retried", async () => {
  const faults: string[] = [];
  let count = 0;
  const check = async (what: string, run: (signal: AbortSignal) => Promise<unknown>) => {
    for (const fault of await faultsOf(run)) faults.push(`${fault}: ${what}`);
    count += 1;
  };
  for (const [name, [documented, run]] of Object.entries(CALLS)) {
    const huge = new Set<string>();
    for (const { what, payload } of oddPayloads(documented, huge)) {
      // A bot token's answer without the bot's id is that of a person's token.
      if (name === "identity" && what.endsWith("bot_id")) continue;
      answer = () => Response.json(payload);
      await check(`${name}, ${what}`, run);
    }
    for (const body of JUNK)
      for (const status of [200, 400, 404, 500]) {
        answer = () => new Response(body, { status });
        await check(`${name}, ${status} ${body.slice(0, 50)}`, run);
      }
    for (const wait of WAITS) {
      const headers = wait === undefined ? {} : { "retry-after": wait };
      answer = () => new Response("{}", { status: 429, headers });
      await check(`${name}, 429 ${wait ?? "without a wait"}`, run);
    }
  }
  expect(faults).toEqual([]);
  expect(fatal).toEqual([]);
  expect(count).toBeGreaterThan(1_000);
}, 120_000);
