import { execFile } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { announcePlayground } from "../../scripts/playground/running_playground.ts";
import { makeKeyPair } from "../../scripts/tooling/signing_keys.ts";
import { ChannelsScript } from "../support/channels_script.ts";

const script = new ChannelsScript().use();
const channels: ChannelsScript["run"] = (...call) => script.run(...call);

// Where playgrounds of this checkout are looked for.
beforeEach(() => {
  vi.stubEnv("TMPDIR", script.folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function playground() {
  const { CONVEX_URL: convexUrl = "", ADMIN_KEY: adminKey = "" } = script.settings;
  return { convexUrl, adminKey };
}

describe("which deployment is used", () => {
  test("with none configured and no playground running, the error says how to start one", async () => {
    const { code, stderr } = await channels(["list"], {});
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: no deployment is configured and no playground is running: npm run setup configures one, and npm start with nothing configured runs the playground\n",
    );
  });

  test("with none configured, the running playground is used", async () => {
    const { convexUrl, adminKey } = playground();
    const withdraw = await announcePlayground({ pid: process.pid, convexUrl, adminKey });
    expect(await channels(["list"], {})).toMatchObject({
      code: 0,
      stderr: `The playground's Convex at ${convexUrl}\n`,
    });
    expect(await channels(["list", "--json"], {})).toMatchObject({ code: 0, stderr: "" });
    withdraw();
    expect(await channels(["list"], {})).toMatchObject({ code: 1 });
    await announcePlayground({ pid: await exitedProcess(), convexUrl, adminKey });
    expect(await channels(["list"], {})).toMatchObject({ code: 1 });
  });

  test("the doctor says that it does not look at the playground that is running", async () => {
    const { convexUrl, adminKey } = playground();
    const about = `Playground: the one at ${convexUrl} is not checked`;
    const withdraw = await announcePlayground({ pid: process.pid, convexUrl, adminKey });
    expect((await script.doctor()).stdout).toContain(about);
    withdraw();
    expect((await script.doctor()).stdout).not.toContain("Playground:");
  });

  test("of two playgrounds side by side, the command says which it means, and how to choose", async () => {
    const { convexUrl, adminKey } = playground();
    // Its deployment is gone, so a command that went there would fail.
    const elsewhere = { pid: process.ppid, convexUrl: "http://127.0.0.1:9", adminKey };
    const first = await announcePlayground(elsewhere);
    const second = await announcePlayground({ pid: process.pid, convexUrl, adminKey });
    const newest = await channels(["list"], {});
    expect(newest).toMatchObject({ code: 0 });
    expect(newest.stderr).toBe(
      `The playground's Convex at ${convexUrl}, the newest of 2 (set CONVEX_URL to choose another: http://127.0.0.1:9)\n`,
    );
    const chosen = await channels(["list"], { CONVEX_URL: "http://127.0.0.1:9" });
    expect(chosen.stderr).toMatch(
      /^The playground's Convex at http:\/\/127\.0\.0\.1:9\nerror: can't reach/,
    );
    second();
    expect((await channels(["list"], {})).stderr).toMatch(
      /^The playground's Convex at http:\/\/127\.0\.0\.1:9\n/,
    );
    first();
    expect((await channels(["list"], {})).stderr).toMatch(/no playground is running/);
  });

  test("an incomplete configuration is reported with what is missing", async () => {
    const { ADMIN_KEY = "" } = script.settings;
    const { code, stderr } = await channels(["list"], { ADMIN_KEY });
    expect(code).toBe(1);
    expect(stderr).toContain("CONVEX_URL is not set");
  });

  test("a key that the deployment does not accept is refused and never printed", async () => {
    const { privateKeyEnv } = await makeKeyPair("admin");
    const { code, stderr } = await channels(["list"], {
      ...script.settings,
      ADMIN_KEY: privateKeyEnv,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("ADMIN_JWKS");
    const { d } = z.object({ d: z.string() }).parse(JSON.parse(privateKeyEnv));
    expect(stderr).not.toContain(d);
  });

  test("an unreachable deployment is reported with its host", async () => {
    const { code, stderr } = await channels(["list"], {
      ...script.settings,
      CONVEX_URL: "http://127.0.0.1:9",
    });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "error: can't reach the deployment at 127.0.0.1:9 (CONVEX_URL): is it running? A local one runs only while `npx convex dev` does\n",
    );
  });
});

/** The id of a process that has exited. */
function exitedProcess(): Promise<number> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ["--version"], () => resolve(child.pid ?? 0));
  });
}
