import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import { page, send, TABLE } from "../../../test/support/convex/access_table.ts";
import { prepare } from "../../../test/support/convex/access_world.ts";
import {
  type Backend,
  failure,
  IDS,
  modules,
  type Role,
  rows,
  startBackend,
  stopBackend,
} from "../../../test/support/convex/backend.ts";
import { access } from "../../../test/support/convex/rights.ts";

let backend: Backend;

/** The app's file lets the member, and says nothing of anybody else. */
beforeEach(async () => {
  backend = await startBackend();
  for (const right of ["mayRead", "mayWrite"] as const) {
    vi.spyOn(access, right).mockImplementation(async (ctx) => {
      return (await ctx.auth.getUserIdentity())?.subject === "mia";
    });
  }
});
afterEach(() => {
  stopBackend();
  vi.restoreAllMocks();
});

const ROLES: readonly Role[] = ["nobody", "guest", "member", "discord", "slack", "admin"];
const LOST_ID = (table: string) => "9".padStart(32 - table.length, "9") + table;

interface Registered {
  readonly isPublic?: true;
  readonly isInternal?: true;
}

async function registeredFunctions(): Promise<Map<string, Registered>> {
  const found = new Map<string, Registered>();
  for (const [path, load] of Object.entries(modules)) {
    const name = /\/convex\/([^.]+)\.ts$/.exec(path)?.[1];
    if (!name || name === "schema" || name.startsWith("_generated")) continue;
    for (const [key, value] of Object.entries((await load()) as Record<string, unknown>)) {
      if (typeof value === "function" && ("isPublic" in value || "isInternal" in value)) {
        found.set(`${name}:${key}`, value as Registered);
      }
    }
  }
  return found;
}

const functionOf = (row: string): string => row.split(" ")[0] ?? row;

describe("the table", () => {
  test("has a row for every function there is, and for no other", async () => {
    const functions = [...(await registeredFunctions()).keys()].sort();
    expect(functions.length).toBeGreaterThan(20);
    expect([...new Set(Object.keys(TABLE).map(functionOf))].sort()).toEqual(functions);
  });

  test("calls internal exactly what nobody can reach from outside", async () => {
    const functions = await registeredFunctions();
    for (const [row, { call }] of Object.entries(TABLE)) {
      const { isPublic, isInternal } = functions.get(functionOf(row)) ?? {};
      expect({ row, isPublic, isInternal }).toEqual({
        row,
        isPublic: call ? true : undefined,
        isInternal: call ? undefined : true,
      });
    }
  });
});

const cells = Object.entries(TABLE).flatMap(([row, { call, cells: expected }]) =>
  call && expected ? ROLES.map((role) => ({ row, role, call, expected: expected[role] })) : [],
);

describe("every cell", () => {
  test.each(cells)("$row as $role: $expected", async ({ role, call, expected }) => {
    const world = await prepare(backend);
    const before = JSON.stringify(await everything());
    let result: unknown;
    const outcome = await failure(
      call(backend[role], world).then((value) => {
        result = value;
      }),
    );
    if (outcome !== "ok") expect(outcome).toBe(expected);
    else if (expected === "[]") expect(result).toEqual([]);
    else if (expected === "gone") expect(result).toBe("gone");
    else if (expected === "some") expect(result).not.toEqual([]);
    else expect(expected).toBe("ok");
    if (outcome !== "ok") expect(JSON.stringify(await everything())).toBe(before);
  });

  async function everything() {
    return await Promise.all(
      (["channels", "users", "mappings", "cursors", "messages", "deliveries"] as const).map(
        async (table) => await rows(backend, table),
      ),
    );
  }
});

test.each([
  ["a stranger's issuer", "https://evil.example"],
  ["an issuer with a slash too many", "https://admin.bridge.invalid/"],
  ["an issuer in capitals", "https://ADMIN.bridge.invalid"],
])("%s is nobody", async (_name, issuer) => {
  const stranger = backend.t.withIdentity({ issuer, subject: "admin" });
  expect(await failure(stranger.query(api.admin.list, {}))).toBe("FORBIDDEN");
  expect(await failure(stranger.query(api.bridge.mappings, {}))).toBe("FORBIDDEN");
});

describe("a channel that was mapped, spoken in and unmapped", () => {
  test.each(["nobody", "guest", "discord", "slack"] as const)(
    "looks to %s exactly like one that does not exist",
    async (role) => {
      const { onDiscord, user, mirrored } = await prepare(backend);
      const secret = onDiscord.channelId;
      for (const unmapped of [false, true]) {
        if (unmapped) {
          await backend.admin.mutation(api.admin.unmap, {
            platform: "discord",
            externalId: IDS.discord,
          });
        }
        const as = backend[role];
        for (const channelId of [secret, LOST_ID("channels") as Id<"channels">]) {
          expect(await as.query(api.index.listMessages, { channelId })).toEqual([]);
          expect(await as.query(api.index.listLatestMessages, { channelId })).toEqual([]);
          expect(await page(as, channelId)).toEqual([]);
          expect(await failure(send(as, channelId, user))).toBe("Channel not found");
          expect(await failure(send(as, channelId, mirrored))).toBe("Channel not found");
        }
      }
      const admins = await backend.admin.query(api.index.listMessages, { channelId: secret });
      expect(admins.map(({ content }) => content)).toEqual(["answer 1", "hello"]);
    },
  );

  test("its people stay hidden after it is unmapped", async () => {
    const { publicChannel, mirrored } = await prepare(backend);
    await backend.admin.mutation(api.admin.unmap, {
      platform: "discord",
      externalId: IDS.discord,
    });
    const lost = LOST_ID("users") as Id<"users">;
    for (const authorId of [mirrored, lost]) {
      expect(await failure(send(backend.nobody, publicChannel, authorId))).toBe("User not found");
    }
  });
});

describe("a bridge and the other platform", () => {
  test("sees only its own mappings, cursors and deliveries", async () => {
    const { onDiscord, onSlack, deliveryOf } = await prepare(backend);
    for (const [role, own] of [
      ["discord", onDiscord],
      ["slack", onSlack],
    ] as const) {
      const as = backend[role];
      const ids = (list: { mappingId: string }[]) => list.map(({ mappingId }) => mappingId);
      expect(ids(await as.query(api.bridge.mappings, {}))).toEqual([own.mappingId]);
      expect(ids(await as.query(api.bridge.cursors, {}))).toEqual([own.mappingId]);
      expect(await as.query(api.bridge.outbox, {})).toEqual([deliveryOf(role)]);
    }
  });

  test("reports nothing about its mappings, and names none of its people", async () => {
    const { onDiscord } = await prepare(backend);
    await backend.slack.mutation(api.bridge.report, {
      people: [{ workspaceId: "guild", externalId: "7001", name: "Mallory" }],
      problems: [{ mappingId: onDiscord.mappingId, kind: "thread_unreadable", reason: "?" }],
      health: [
        {
          mappingId: onDiscord.mappingId,
          direction: "out",
          trouble: { code: "X", reason: "?" },
        },
      ],
    });
    expect(await rows(backend, "problems")).toEqual([]);
    expect(await rows(backend, "mappingHealth")).toEqual([]);
    const bob = (await rows(backend, "identities")).find(
      ({ externalId, platform }) => externalId === "7001" && platform === "discord",
    );
    expect(bob?.name).toBe("Bob");
  });
});

describe("PUBLIC_CHAT", () => {
  test.each([undefined, "", "open", "OPEN", " true ", "on", "yes", "1"])(
    "%j opens the chat API",
    async (value) => {
      vi.stubEnv("PUBLIC_CHAT", value);
      expect(await failure(backend.nobody.mutation(api.index.createUser, { name: "x" }))).toBe(
        "ok",
      );
    },
  );

  test.each(["closed", "Closed", "false", "off", "no", "0", "opne", "private"])(
    "%j closes it, even if it is no known word",
    async (value) => {
      const { publicChannel } = await prepare(backend);
      vi.stubEnv("PUBLIC_CHAT", value);
      const { nobody } = backend;
      expect(await failure(nobody.mutation(api.index.createUser, { name: "x" }))).toBe("FORBIDDEN");
      expect(await nobody.query(api.index.listMessages, { channelId: publicChannel })).toEqual([]);
    },
  );
});

describe("text of strangers", () => {
  test("has a limit in bytes, which an admin's has not", async () => {
    const { publicChannel, user } = await prepare(backend);
    const say = (as: Backend[Role], content: string) =>
      failure(
        as.mutation(api.index.sendMessage, { channelId: publicChannel, authorId: user, content }),
      );
    const longest = "ꀀ".repeat(2_666);
    expect(await say(backend.nobody, longest)).toBe("ok");
    expect(await say(backend.nobody, `${longest}ꀀ`)).toBe("TOO_LONG");
    expect(await say(backend.admin, `${longest}ꀀ`)).toBe("ok");
    const name = "x".repeat(401);
    expect(await failure(backend.nobody.mutation(api.index.createUser, { name }))).toBe("TOO_LONG");
    expect(await failure(backend.nobody.mutation(api.index.createChannel, { name }))).toBe(
      "TOO_LONG",
    );
  });
});

describe("PUBLIC_CHAT=closed", () => {
  test("refuses everyone but admins, and leaves the bridges' functions alone", async () => {
    const world = await prepare(backend);
    const { publicChannel, user } = world;
    vi.stubEnv("PUBLIC_CHAT", "closed");
    for (const role of ["nobody", "guest", "member", "discord", "slack"] as const) {
      const as = backend[role];
      expect(await failure(as.mutation(api.index.createUser, { name: "x" }))).toBe("FORBIDDEN");
      expect(await failure(as.mutation(api.index.createChannel, { name: "x" }))).toBe("FORBIDDEN");
      expect(await failure(send(as, publicChannel, user))).toBe("FORBIDDEN");
    }
    expect(await failure(send(backend.admin, publicChannel, user))).toBe("ok");
    const { onDiscord, memberUser } = world;
    for (const channelId of [onDiscord.channelId, LOST_ID("channels") as Id<"channels">])
      expect(await failure(send(backend.guest, channelId, memberUser))).toBe("FORBIDDEN");
    expect(await failure(send(backend.member, onDiscord.channelId, memberUser))).toBe("ok");
    expect(await failure(backend.discord.query(api.bridge.mappings, {}))).toBe("ok");
  });
});
