import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { ConvexHttpClient } from "convex/browser";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { connectConvex } from "../../bridges/core/convex/client.ts";
import { Bridge } from "../../bridges/core/bridge.ts";
import { mintToken, type SigningKey } from "../../bridges/core/convex/token.ts";
import type {
  Delivery,
  Intake,
  MappingId,
  MessageEvent,
  Outcome,
  Piece,
  Platform,
} from "../../bridges/platform.ts";
import { api } from "../../convex/_generated/api.js";
import { type LocalConvex, startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { NO_HISTORY } from "../support/no_history.ts";
import { keySetVariables, makeAllKeys } from "../../scripts/tooling/signing_keys.ts";
import { eventually } from "../support/eventually.ts";
import { signingKeyIn } from "../support/signing_key.ts";

/* The core with real Convex clients against a local deployment. The test plays the platform. */

const log = pino({ level: "silent" });
const CHANNEL = "123456789012345678";

let convex: LocalConvex;
let ai: Server;
let key: SigningKey;
let strangerKey: SigningKey;
let strangerKeySet: string;
let admin: ConvexHttpClient;
let mappingId: MappingId;
const bridges: Bridge[] = [];

beforeAll(async () => {
  const [keys, others] = await Promise.all([makeAllKeys(), makeAllKeys()]);
  ai = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    const message = { role: "assistant", content: "An answer." };
    response.end(
      JSON.stringify({
        id: "1",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, message, finish_reason: "stop" }],
      }),
    );
  });
  await new Promise<void>((resolve) => ai.listen(0, "127.0.0.1", resolve));
  convex = await startLocalConvex({
    env: {
      ...keySetVariables(keys),
      OPENAI_API_KEY: "none",
      OPENAI_BASE_URL: `http://127.0.0.1:${String(portOf(ai))}/v1`,
    },
  });
  key = signingKeyIn(keys.discord.privateKeyEnv);
  strangerKeySet = others.discord.jwksDataUri;
  strangerKey = signingKeyIn(others.discord.privateKeyEnv);
  admin = new ConvexHttpClient(convex.url, { logger: false });
  admin.setAuth(await mintToken("admin", signingKeyIn(keys.admin.privateKeyEnv)));
  ({ mappingId } = await admin.mutation(api.admin.map, {
    platform: "discord",
    externalId: CHANNEL,
    to: "talk",
  }));
});

afterEach(async () => {
  await Promise.all(bridges.splice(0).map((bridge) => bridge.stop(2_000)));
});

afterAll(async () => {
  await convex.stop();
  ai.close();
});

class TestPlatform implements Platform {
  readonly name = "discord";
  readonly format = "test 1";
  readonly liveEdits = { laneMs: 1_000, allMs: 0 };
  readonly history = NO_HISTORY;
  readonly posts: string[] = [];
  readonly calls: string[] = [];
  intake: Intake | undefined;

  start(intake: Intake): Promise<void> {
    this.calls.push(`start, mapped: ${String(intake.mappingOf(CHANNEL) !== undefined)}`);
    this.intake = intake;
    return Promise.resolve();
  }
  stopIntake(): void {
    this.calls.push("stopIntake");
  }
  close(): Promise<void> {
    this.calls.push("close");
    return Promise.resolve();
  }
  render(content: string, from: number): Piece[] {
    return from < content.length ? [{ text: content.slice(from), upTo: content.length }] : [];
  }
  post(delivery: Delivery, _part: number, piece: Piece): Promise<string> {
    this.posts.push(`${delivery.channel} ${delivery.replyTo ?? "-"} ${piece.text}`);
    return Promise.resolve(`90000000000000000${String(this.posts.length)}`);
  }
  find = () => Promise.resolve({ status: "absent" } as const);
  edit = () => Promise.resolve();
  remove = () => Promise.resolve();
  download = () => Promise.reject(new Error("no files here"));

  push(id: number, fields: Partial<MessageEvent> = {}): Promise<Outcome> {
    if (!this.intake) throw new Error("not started");
    return this.intake.push({ ...said(id), ...fields });
  }
}

function said(id: number): MessageEvent {
  const externalId = String(1_500_000_000_000_000_000n + BigInt(id));
  return {
    type: "message",
    mappingId,
    externalId,
    position: externalId.padStart(20, "0"),
    author: { externalId: "U1", workspaceId: "G1", name: "Ann" },
    fromApp: id >= 100,
    mentionsBot: false,
    content: `message ${String(id)}`,
    mentions: [],
    attachments: [],
    sentAt: Date.now(),
  };
}

function newBridge(
  options: { key?: SigningKey; convexUrl?: string; onFatal?: (error: Error) => void } = {},
) {
  const platform = new TestPlatform();
  const bridge = new Bridge({
    platform,
    convexUrl: options.convexUrl ?? convex.url,
    key: options.key ?? key,
    log,
    onFatal: options.onFatal ?? (() => undefined),
  });
  bridges.push(bridge);
  return { platform, bridge };
}

async function stored(): Promise<string[]> {
  const { channelId } = (await admin.query(api.admin.list, {}))[0] ?? {};
  if (!channelId) throw new Error("not mapped");
  const messages = await admin.query(api.index.listLatestMessages, { channelId, limit: 100 });
  return messages.map(({ content }) => content);
}

test("a question is ingested, and its answer is posted to the channel it came from", async () => {
  const { platform, bridge } = newBridge();
  await bridge.start();
  expect(platform.calls).toEqual(["start, mapped: true"]);
  expect(await platform.push(1)).toBe("asked");
  await eventually(() => {
    expect(platform.posts).toEqual([`${CHANNEL} ${said(1).externalId} An answer.`]);
  }, 5_000);
  expect(await platform.push(1)).toBe("known");
  await eventually(async () => {
    const { mappings } = await admin.query(api.admin.status, {});
    expect(mappings[0]).toMatchObject({ open: 0, failed: 0 });
  });
  expect(await bridge.stop()).toBe(true);
  expect(platform.calls.slice(1)).toEqual(["stopIntake", "close"]);
});

test("messages sent while the deployment is away are stored when it is back, once and in order", async () => {
  const { platform, bridge } = newBridge();
  await bridge.start();
  await convex.faults.away();
  const ids = Array.from({ length: 40 }, (_, i) => 100 + i);
  const all = Promise.all(ids.map((id) => platform.push(id)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await convex.faults.back();
  expect(await all).toEqual(ids.map(() => "inserted"));
  expect((await stored()).slice(-40)).toEqual(ids.map((id) => `message ${String(id)}`));
});

test("a batch whose answer was lost is stored once", async () => {
  const { platform, bridge } = newBridge();
  await bridge.start();
  const pushed = [200, 201, 202].map((id) => platform.push(id));
  await convex.faults.cutSockets();
  await Promise.all(pushed);
  expect((await stored()).slice(-3)).toEqual([200, 201, 202].map((id) => `message ${String(id)}`));
});

test("an event that the deployment refuses is set aside, and holds up no other channel", async () => {
  const externalId = "323456789012345678";
  const other = await admin.mutation(api.admin.map, { platform: "discord", externalId, to: "x" });
  const { platform, bridge } = newBridge();
  await bridge.start();
  // Validation refuses the whole call that carries such a position, which no adapter makes.
  const refused = platform.push(800, { position: 7 as unknown as string });
  const behind = platform.push(801);
  const start = performance.now();
  expect(await platform.push(802, { mappingId: other.mappingId })).toBe("inserted");
  // It takes more than a second to be sure that the event is refused alone.
  expect(performance.now() - start).toBeLessThan(500);
  expect([await refused, await behind]).toEqual(["ignored", "inserted"]);
  const { problems } = await admin.query(api.admin.status, {});
  expect(problems).toMatchObject([{ kind: "event_set_aside" }]);
});

test("stopping commits the events taken, and refuses new ones", async () => {
  const { platform, bridge } = newBridge();
  await bridge.start();
  const taken = [300, 301, 302].map((id) => platform.push(id));
  const stopped = bridge.stop();
  await expect(platform.push(303)).rejects.toMatchObject({ code: "NOT_TAKEN", why: "stopping" });
  expect(await stopped).toBe(true);
  expect(await Promise.all(taken)).toEqual(["inserted", "inserted", "inserted"]);
});

test("with the deployment away, stopping ends at its deadline and drops what is left", async () => {
  const { platform, bridge } = newBridge();
  await bridge.start();
  await convex.faults.away();
  const held = platform.push(400);
  expect(await bridge.stop(2_000)).toBe(false);
  await expect(held).rejects.toMatchObject({ code: "NOT_TAKEN" });
  await convex.faults.back();
});

test("a mapping created while the bridge runs is used at once", async () => {
  const { platform, bridge } = newBridge();
  await bridge.start();
  const externalId = "223456789012345678";
  expect(platform.intake?.mappingOf(externalId)).toBeUndefined();
  await admin.mutation(api.admin.map, { platform: "discord", externalId, to: "other" });
  await eventually(() => {
    expect(platform.intake?.mappingOf(externalId)).toBeDefined();
  }, 5_000);
});

test("a key that the deployment does not have fails the start, with the step that fixes it", async () => {
  const { platform, bridge } = newBridge({ key: strangerKey });
  await expect(bridge.start()).rejects.toMatchObject({
    code: "AUTH",
    step: expect.stringContaining("DISCORD_BRIDGE_JWKS does not hold this key") as unknown,
  });
  expect(platform.calls).toEqual([]);
});

test("an address where no deployment answers fails the start, and is named", async () => {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${String(portOf(socket))}`;
  socket.close();
  const connection = connectConvex({
    url: `http://${host}`,
    mint: () => mintToken("discord", key),
    keySet: "DISCORD_BRIDGE_JWKS",
    log,
    onFatal: () => undefined,
    reachMs: 300,
  });
  await expect(connection.ready).rejects.toMatchObject({
    code: "UNREACHABLE",
    message: expect.stringContaining(host) as unknown,
    step: expect.stringContaining("CONVEX_URL") as unknown,
  });
  await connection.close();
});

test("an identity that is refused later is reported as fatal, and the step names the clock too", async () => {
  const onFatal = vi.fn();
  const { bridge } = newBridge({ onFatal });
  await bridge.start();
  await convex.setEnv("DISCORD_BRIDGE_JWKS", strangerKeySet);
  await convex.faults.cutSockets();
  await eventually(() => {
    expect(onFatal).toHaveBeenCalledWith(
      expect.objectContaining({
        code: "AUTH",
        message: expect.stringContaining("clock") as unknown,
        step: expect.stringContaining("timedatectl set-ntp true") as unknown,
      }),
    );
  }, 10_000);
});

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("not listening");
  return address.port;
}
