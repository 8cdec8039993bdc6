import { afterAll, beforeAll, expect, test } from "vitest";
import { functionsDir, tokenOf } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { callsOf } from "../../scripts/stand_ins/convex/engine/call_stats.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import type { Role } from "../../convex/model/access/issuers.ts";
import { ISSUERS } from "../../convex/model/access/issuers.ts";
import { keySetVariables, makeAllKeys, type RoleKeys } from "../../scripts/tooling/signing_keys.ts";

let keys: Record<Role, RoleKeys>;
let convex: LocalConvex;

beforeAll(async () => {
  keys = await makeAllKeys();
  const env = keySetVariables(keys);
  convex = await startLocalConvex({ env, functionsDir });
});
afterAll(() => convex.stop());

const get = (path: string, init: RequestInit = {}) => fetch(`${convex.siteUrl}${path}`, init);
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test("an action has the request at the site's own path, with its headers and body", async () => {
  const sent = { method: "POST", headers: { "x-sent": "yes" }, body: "hello" };
  const answer = await get("/tell/more?a=b", sent);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.json()).toEqual({
    ...{ method: "POST", url: `${convex.url}/tell/more?a=b`, sent: "yes", body: "hello" },
    caller: null,
  });
  expect(callsOf(await convex.stats(), "POST /tell/*", "action")).toBe(1);
  expect(callsOf(await convex.stats(), "notes:whoAmI", "fromAction")).toBe(1);
});

test("HEAD is GET without a body", async () => {
  const answer = await get("/bytes/7", { method: "HEAD" });
  expect([answer.status, await answer.text()]).toEqual([201, ""]);
});

test("what has no route is not found, in the site's words", async () => {
  for (const [path, method] of [
    ["/unknown", "GET"],
    ["/tell", "POST"],
    ["/tell/more", "GET"],
    ["/tell", "OPTIONS"],
  ] as const) {
    const answer = await get(path, { method });
    expect([answer.status, await answer.text()]).toEqual([404, "No matching routes found"]);
  }
});

test("a valid token names the caller to the action and its queries", async () => {
  const discord = bearer(await tokenOf("discord", keys.discord));
  const who = `${ISSUERS.discord}|discord-bridge`;
  expect(await (await get("/me", discord)).json()).toBe(who);
  expect(await (await get("/tell", discord)).json()).toMatchObject({ caller: who });
});

test("a refused token refuses no request: queries see nobody, and only to ask for the caller fails", async () => {
  const expired = await tokenOf("discord", keys.discord, { expiresAt: 1 });
  for (const token of [expired, "something of the app's own"]) {
    expect(await (await get("/tell", bearer(token))).json()).toMatchObject({ caller: null });
    expect((await get("/me", bearer(token))).status).toBe(500);
  }
  expect(await (await get("/me", { headers: { authorization: "Basic x" } })).json()).toBeNull();
  expect(await (await get("/me")).json()).toBeNull();
});

test("an error is 500 without its text, with the data of a ConvexError", async () => {
  for (const path of ["/fails", "/nothing"]) {
    const answer = await get(path);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toEqual({
      code: expect.stringMatching(/^\[Request ID: \w+\] Server Error$/) as string,
    });
  }
  expect(await (await get("/refuses")).json()).toMatchObject({ data: { code: "NO" } });
});

test("a response of 20 MiB arrives, and a larger one breaks off", { timeout: 60_000 }, async () => {
  const most = 20 * 1024 * 1024;
  expect((await (await get(`/bytes/${most}`)).arrayBuffer()).byteLength).toBe(most);
  const larger = await get(`/bytes/${most + 1}`);
  expect(larger.status).toBe(201);
  await expect(larger.arrayBuffer()).rejects.toThrow();
});

test("pages come in only from an allowed origin, as everywhere here", async () => {
  const page = { headers: { origin: "http://127.0.0.1:5180" } };
  expect((await get("/tell", page)).status).toBe(403);
  await convex.allowOrigin("http://127.0.0.1:5180");
  expect((await get("/tell", page)).status).toBe(200);
});
