import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { request } from "node:http";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Role } from "../../convex/model/access/issuers.ts";
import { ISSUERS } from "../../convex/model/access/issuers.ts";
import {
  api,
  functionsDir,
  type TokenClaims,
  tokenOf,
} from "../../scripts/stand_ins/convex/fixture_api.ts";
import { keySetVariables, makeAllKeys, type RoleKeys } from "../../scripts/tooling/signing_keys.ts";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { eventually } from "../support/eventually.ts";

let keys: Record<Role, RoleKeys>;
let convex: LocalConvex;

beforeAll(async () => {
  keys = await makeAllKeys();
  const env = keySetVariables(keys);
  convex = await startLocalConvex({ env, functionsDir });
});
afterAll(() => convex.stop());

const discord = `${ISSUERS.discord}|discord-bridge`;

function ask(token: string): Promise<unknown> {
  const http = new ConvexHttpClient(convex.url, { logger: false });
  http.setAuth(token);
  return http.query(api.notes.whoAmI, {});
}

/** A connection without the client library, to see the answers as they are. */
async function rawSocket(): Promise<{ say: (message: object) => void; heard: { type: string }[] }> {
  const socket = new WebSocket(`${convex.url.replace("http", "ws")}/api/1.48.0/sync`);
  onTestFinished(() => socket.terminate());
  const heard: { type: string }[] = [];
  socket.on("message", (data) =>
    heard.push(JSON.parse((data as Buffer).toString()) as { type: string }),
  );
  socket.on("close", () => heard.push({ type: "closed" }));
  await new Promise((resolve) => socket.once("open", resolve));
  const say = (message: object) => socket.send(JSON.stringify(message));
  say({ type: "Connect", sessionId: crypto.randomUUID(), connectionCount: 0 });
  return { say, heard };
}

test("a page in this machine's browser is refused unless its origin is allowed", async () => {
  const own = "http://127.0.0.1:5173";
  await convex.allowOrigin(own);
  const overHttp = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const post = request(`${convex.url}/api/query`, { method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      post.on("error", reject).end(JSON.stringify({ path: "notes:whoAmI", args: {} }));
    });
  const overSocket = (origin: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${convex.url.replace("http", "ws")}/api/1.48.0/sync`, {
        origin,
      });
      onTestFinished(() => socket.terminate());
      socket.once("open", () => resolve("open")).once("error", () => resolve("refused"));
    });
  const seen = async (origin: string) => [await overHttp({ origin }), await overSocket(origin)];
  expect(await seen(own)).toEqual([200, "open"]);
  for (const other of ["https://evil.example", "http://127.0.0.1:5174", "null"])
    expect(await seen(other)).toEqual([403, "refused"]);
  expect(await overHttp({})).toBe(200);
  expect(await overHttp({ host: "evil.example" })).toBe(403);
});

test("a token identifies its caller over HTTP and over a subscription", async () => {
  const token = await tokenOf("discord", keys.discord);
  expect(await ask(token)).toBe(discord);
  const socket = new ConvexClient(convex.url, { logger: false });
  onTestFinished(() => socket.close());
  socket.setAuth(() => Promise.resolve(token));
  expect(await socket.query(api.notes.whoAmI, {})).toBe(discord);
});

test("without a token there is no caller", async () => {
  const http = new ConvexHttpClient(convex.url);
  expect(await http.query(api.notes.whoAmI, {})).toBeNull();
});

const wrong: [string, () => Promise<string>, string][] = [
  ["signed by another role's key", () => forged({}), "InvalidAuthHeader"],
  ["signed by another role's key under the right key id", forgedId, "InvalidAuthHeader"],
  ["of an unknown issuer", () => made({ issuer: "https://x.invalid" }), "NoAuthProvider"],
  ["for another audience", () => made({ audience: "another" }), "NoAuthProvider"],
  ["with an unknown key id", () => made({ kid: "unknown" }), "InvalidAuthHeader"],
  ["that has expired", () => made({ expiresAt: 1000 }), "InvalidAuthHeader"],
  ["that is none", () => Promise.resolve("nonsense"), "InvalidAuthHeader"],
];
const made = (claims: TokenClaims) => tokenOf("discord", keys.discord, claims);
const forged = (claims: TokenClaims) => tokenOf("discord", keys.slack, claims);
async function forgedId(): Promise<string> {
  const [header = ""] = (await made({})).split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
  return forged({ kid });
}

test.each(wrong)("a token %s is refused", async (_, make, code) => {
  const token = await make();
  await expect(ask(token)).rejects.toThrow(new RegExp(`"code":"${code}"`));
  const response = await fetch(`${convex.url}/api/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ path: "notes:whoAmI", args: [{}], format: "convex_encoded_json" }),
  });
  expect(response.status).toBe(401);
  const { say, heard } = await rawSocket();
  say({ type: "Authenticate", tokenType: "User", value: token, baseVersion: 0 });
  await eventually(() => expect(heard.at(-1)).toEqual({ type: "closed" }));
  expect(heard[0]).toMatchObject({ type: "AuthError", baseVersion: 0, authUpdateAttempted: true });
});

test("the stock client learns that its token is refused", async () => {
  const token = await forged({});
  const socket = new ConvexClient(convex.url, { logger: false });
  onTestFinished(() => socket.close());
  const changes: boolean[] = [];
  socket.setAuth(
    () => Promise.resolve(token),
    (isAuthenticated) => changes.push(isAuthenticated),
  );
  await eventually(() => expect(changes).toEqual([false]), { timeout: 5000 });
});

test("a connection whose token has expired can make no more calls", async () => {
  const expiresAt = Math.floor(Date.now() / 1000) + 2;
  const { say, heard } = await rawSocket();
  const value = await made({ expiresAt });
  say({ type: "Authenticate", tokenType: "User", value, baseVersion: 0 });
  await eventually(() => expect(heard[0]).toMatchObject({ type: "Transition" }));
  await new Promise((resolve) => setTimeout(resolve, expiresAt * 1000 - Date.now() + 20));
  const args = [{ room: "expired", text: "no" }];
  say({ type: "Mutation", requestId: 0, udfPath: "notes:add", args });
  await eventually(() => expect(heard.at(-1)).toEqual({ type: "closed" }));
  expect(heard[1]).toMatchObject({ type: "AuthError", authUpdateAttempted: false });
});

test("a key set changed in the environment takes effect at once", async () => {
  const fresh = await makeAllKeys();
  const token = await tokenOf("slack", fresh.slack);
  await expect(ask(token)).rejects.toThrow();
  await convex.setEnv("SLACK_BRIDGE_JWKS", fresh.slack.jwksDataUri);
  expect(await ask(token)).toBe(`${ISSUERS.slack}|slack-bridge`);
});

test("a token issued in the future is refused, as by a machine whose clock is ahead", async () => {
  const now = Math.floor(Date.now() / 1000);
  expect(await ask(await tokenOf("discord", keys.discord, { issuedAt: now + 2 }))).toBe(discord);
  const ahead = await tokenOf("discord", keys.discord, { issuedAt: now + 30 });
  await expect(ask(ahead)).rejects.toThrow("Could not validate token");
});

test("a token issued in the future is refused at a renewal too, and ends the connection", async () => {
  const { say, heard } = await rawSocket();
  const value = await made({});
  say({ type: "Authenticate", tokenType: "User", value, baseVersion: 0 });
  await eventually(() => expect(heard).toMatchObject([{ type: "Transition" }]));
  const ahead = await made({ issuedAt: Math.floor(Date.now() / 1000) + 30 });
  say({ type: "Authenticate", tokenType: "User", value: ahead, baseVersion: 1 });
  await eventually(() => expect(heard.at(-1)).toEqual({ type: "closed" }));
  expect(heard[1]).toMatchObject({ type: "AuthError", baseVersion: 1, authUpdateAttempted: true });
});
