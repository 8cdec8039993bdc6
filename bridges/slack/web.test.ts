import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { SlackApi } from "./web.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A Web API that answers `answered` calls, and lets the next ones wait. */
async function apiThatStops(answered: number): Promise<SlackApi> {
  let left = answered;
  const server = createServer((_request, response) => {
    if (left-- > 0) response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const config = { botToken: "t", appToken: "t", apiUrl: `http://127.0.0.1:${port}/` };
  return new SlackApi(config, pino({ enabled: false }));
}

/** Collects garbage every few ms until the test ends. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const timer = setInterval(collect, 20);
  cleanups.push(() => clearInterval(timer));
}

test("a call ends with its signal, also once the code is optimised and garbage is collected", async () => {
  const calls = 3_000;
  const api = await apiThatStops(calls);
  const call = () => api.call("auth.test", {}, AbortSignal.timeout(30_000));
  for (let made = 0; made < calls; made += 50) await Promise.all(Array.from({ length: 50 }, call));
  collectGarbage();
  const ended = Array.from({ length: 10 }, () =>
    api.call("auth.test", {}, AbortSignal.timeout(500)).then(
      () => "answered",
      () => "ended",
    ),
  );
  const late = new Promise((resolve) => setTimeout(resolve, 5_000, "late"));
  expect(await Promise.race([Promise.all(ended), late])).toEqual(Array(10).fill("ended"));
});
