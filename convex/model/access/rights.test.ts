import { afterEach, expect, test, vi } from "vitest";
import { api } from "../../_generated/api.js";
import { page, send } from "../../../test/support/convex/access_table.ts";
import { prepare } from "../../../test/support/convex/access_world.ts";
import { failure } from "../../../test/support/convex/backend.ts";
import { backend, useFreshBackend } from "../../../test/support/convex/fresh.ts";
import type { Right } from "./caller.ts";
import { access } from "../../../test/support/convex/rights.ts";

/* What `convex/access.ts` says, and when it is asked. */

useFreshBackend();

afterEach(() => {
  vi.restoreAllMocks();
});

const failing = () => {
  throw new Error("secret of the app");
};
const odd = () => "yes" as unknown as boolean;
test.each<[string, Right]>([
  ["lets nobody by default", () => false],
  ["lets nobody when it throws, and says nothing", failing],
  ["lets nobody when it promises to throw", () => Promise.resolve().then(failing)],
  ["lets nobody by anything but true", odd],
])("%s", async (name, right) => {
  const { onDiscord, memberUser } = await prepare(backend);
  if (!name.endsWith("default")) {
    vi.spyOn(access, "mayRead").mockImplementation(right);
    vi.spyOn(access, "mayWrite").mockImplementation(right);
  }
  const { channelId } = onDiscord;
  for (const as of [backend.member, backend.nobody]) {
    expect(await page(as, channelId)).toEqual([]);
    expect(await as.query(api.index.listMessages, { channelId })).toEqual([]);
    expect(await as.query(api.apps.listChannels, {})).toEqual([]);
    expect(await failure(send(as, channelId, memberUser))).toBe("Channel not found");
  }
});

test("is not asked for bridges and admins, nor about public channels", async () => {
  const { onDiscord, publicChannel, user } = await prepare(backend);
  for (const right of ["mayRead", "mayWrite"] as const) vi.spyOn(access, right);
  for (const role of ["discord", "slack", "admin"] as const) {
    await page(backend[role], onDiscord.channelId);
    await backend[role].query(api.apps.listChannels, {});
    await failure(send(backend[role], onDiscord.channelId, user));
  }
  await page(backend.member, publicChannel);
  expect(access.mayRead).not.toHaveBeenCalled();
  expect(access.mayWrite).not.toHaveBeenCalled();
});

test("may let people read and not write, and may let who has no token read", async () => {
  const { onDiscord, memberUser } = await prepare(backend);
  vi.spyOn(access, "mayWrite").mockReturnValue(false);
  vi.spyOn(access, "mayRead").mockReturnValue(true);
  expect(await failure(send(backend.member, onDiscord.channelId, memberUser))).toBe(
    "Channel not found",
  );
  expect(await page(backend.nobody, onDiscord.channelId)).not.toEqual([]);
});

test("decides about one channel and not another", async () => {
  const { onDiscord, onSlack } = await prepare(backend);
  vi.spyOn(access, "mayRead").mockImplementation((_ctx, { name }) => name === "d");
  expect(await backend.member.query(api.apps.listChannels, {})).toEqual([
    { id: onDiscord.channelId, name: "d" },
  ]);
  expect(await page(backend.member, onSlack.channelId)).toEqual([]);
});
