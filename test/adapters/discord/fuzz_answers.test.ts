import { DefaultRestOptions } from "@discordjs/rest";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PlatformError } from "../../../bridges/core/shared/errors.ts";
import { HistoryRequests } from "../../../bridges/discord/history/requests.ts";
import { DiscordHistory } from "../../../bridges/discord/history/history.ts";
import { createReader, createWriter } from "../../../bridges/discord/rest.ts";
import { JUNK, oddPayloads, WAITS } from "../../support/odd_payloads.ts";
import { delivery } from "../recording_core.ts";
import { finderOver, senderOver } from "./senders.ts";
import { mappingOf } from "./stage.ts";

/* Odd answers to the adapter's requests, through Discord's own client; only the network is replaced. */

let answer: () => Response;
let requests = 0;

beforeEach(() => {
  vi.spyOn(DefaultRestOptions, "makeRequest").mockImplementation(async () => {
    requests += 1;
    if (requests > 100) throw new Error("asks for ever");
    return answer();
  });
});
afterEach(() => void vi.restoreAllMocks());

const CONFIG = { botToken: "token" };
const MESSAGE = {
  id: "1234567890123456789",
  channel_id: "80",
  type: 0,
  author: { id: "1000", username: "bridge" },
  content: "hi",
  timestamp: "2024-05-01T10:00:00.123000+00:00",
  message_reference: { message_id: "5" },
};
const THREAD = {
  id: "700",
  type: 11,
  name: "talk",
  parent_id: "80",
  last_message_id: "900",
  thread_metadata: { archive_timestamp: "2024-05-01T10:00:00.123000+00:00" },
};
const CHANNEL = { id: "80", type: 0, name: "general", guild_id: "9", last_message_id: "900" };

/** Each call with clients of its own, because a client remembers rate limits. */
type Call = (clients: ReturnType<typeof clientsOf>) => Promise<unknown>;

function clientsOf() {
  const [reader, writer] = [createReader(CONFIG), createWriter(CONFIG)];
  const history = new DiscordHistory({
    reader,
    names: { role: () => undefined, channel: () => undefined },
    botId: () => "1000",
    appId: () => "1000",
    threadFound: () => undefined,
    unreadable: () => undefined,
    unknown: () => undefined,
  });
  const close = () => {
    for (const rest of [reader, writer]) {
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
    }
  };
  return { reader, writer, history, close };
}

const signal = () => AbortSignal.timeout(10_000);
const post = delivery({ channel: "80", ageMs: 1_000_000, firstClaimedAt: 1_714_557_600_000 });
const piece = { text: "hi", upTo: 2 };

/** Every request of the adapter, with what Discord documents as its answer. */
const CALLS: Readonly<Record<string, readonly [object, Call]>> = {
  messages: [
    [MESSAGE],
    ({ reader }) => new HistoryRequests(reader).messages({ channel: "80" }, { limit: 9 }, signal()),
  ],
  channel: [
    CHANNEL,
    ({ reader }) => new HistoryRequests(reader).channel({ channel: "80" }, signal()),
  ],
  archived: [
    { threads: [THREAD], has_more: true },
    ({ reader }) => new HistoryRequests(reader).archived("80", undefined, signal()),
  ],
  threads: [
    { threads: [THREAD], has_more: true },
    ({ reader }) => new HistoryRequests(reader).guild("9", 0),
  ],
  exists: [MESSAGE, ({ history }) => history.exists(mappingOf("80"), undefined, "500", signal())],
  post: [MESSAGE, ({ writer }) => senderOver(writer).post(post, 0, piece, signal())],
  edit: [MESSAGE, ({ writer }) => senderOver(writer).edit(post, "5", piece, signal())],
  own: [
    { id: "1000", username: "bridge" },
    ({ reader }) => finderOver(reader).find(post, 0, piece, signal()),
  ],
};

/** What is wrong with what an answer led to. */
async function faultsOf(run: Call): Promise<string[]> {
  requests = 0;
  const clients = clientsOf();
  try {
    const found = await run(clients);
    return JSON.stringify(found ?? null).includes("undefined") ? ["undefined in a text"] : [];
  } catch (error) {
    if (requests > 100) return ["asks for ever"];
    if (!(error instanceof PlatformError)) return [`threw ${String(error).slice(0, 200)}`];
    const { code, message, retryAfterMs: wait = 0 } = error;
    if (!/^([a-z_]{3,40}|\d{1,6})$/.test(code) || /^(undefined|null)$/.test(code))
      return [`code ${code}`];
    if (message.length > 300) return ["a long reason"];
    return wait >= 0 && wait <= 60 * 60_000 ? [] : [`a wait of ${wait} ms`];
  } finally {
    clients.close();
  }
}

it("an odd answer of Discord is read, or fails in a way that can be told and retried", async () => {
  const faults: string[] = [];
  let count = 0;
  const check = async (what: string, run: Call) => {
    for (const fault of await faultsOf(run)) faults.push(`${fault}: ${what}`);
    count += 1;
  };
  for (const [name, [documented, run]] of Object.entries(CALLS)) {
    for (const { what, payload } of oddPayloads(documented, new Set())) {
      answer = () => Response.json(payload);
      await check(`${name}, ${what}`, run);
    }
    for (const body of JUNK)
      for (const status of [200, 400, 403, 404, 500])
        for (const type of ["application/json", "text/html"]) {
          answer = () => new Response(body, { status, headers: { "content-type": type } });
          await check(`${name}, ${status} ${body.slice(0, 50)}`, run);
        }
  }
  expect(faults).toEqual([]);
  expect(count).toBeGreaterThan(1_000);
}, 120_000);

it("a wait that Discord names is kept within an hour, and one that is past is no wait", async () => {
  vi.useFakeTimers();
  try {
    for (const wait of WAITS)
      for (const name of ["messages", "post"]) {
        const [documented, run] = CALLS[name] ?? [[], async () => undefined];
        const headers =
          wait === undefined ? {} : { "retry-after": wait, "x-ratelimit-remaining": "0" };
        const limit = Response.json(
          { message: "slow", retry_after: wait },
          { status: 429, headers },
        );
        const answers = [limit, limit, limit];
        answer = () => answers.shift() ?? Response.json(documented);
        const outcome = faultsOf(run);
        await vi.advanceTimersByTimeAsync(900);
        expect([wait, name, requests]).toEqual([wait, name, 1]);
        await vi.advanceTimersByTimeAsync(4 * 3_601_000);
        expect([wait, name, await outcome]).toEqual([wait, name, []]);
      }
  } finally {
    vi.useRealTimers();
  }
}, 60_000);
