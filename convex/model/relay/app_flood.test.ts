import { describe, expect, test } from "vitest";
import { api } from "../../_generated/api.js";
import { backend } from "../../../test/support/convex/fresh.ts";
import { pass, rows } from "../../../test/support/convex/backend.ts";
import { discord, messageOf, slack, useRelay } from "../../../test/support/convex/fresh_relay.ts";

useRelay();

const texts = (count: number) => Array.from({ length: count }, (_, n) => `m${n.toString()}`);

async function appsSay(count: number): Promise<void> {
  await discord.ingest(...texts(count).map((text) => discord.event(text, { fromApp: true })));
}

async function problems(): Promise<string[]> {
  const { problems: open } = await backend.admin.query(api.admin.status, {});
  return open.map(({ kind }) => kind);
}

describe("a message of an app", () => {
  test("is stored and not relayed", async () => {
    await appsSay(1);
    expect(await messageOf("m0")).toBeDefined();
    expect(await slack.ready()).toEqual([]);
  });

  test("is relayed where that was asked for, under the app's name", async () => {
    await discord.change({ relayApps: true });
    await appsSay(1);
    expect(await slack.carryOutAll()).toMatchObject([{ content: "m0", author: { name: "Bob" } }]);
  });

  test("counts for where it is said, not for where it is heard", async () => {
    await slack.change({ relayApps: true });
    await appsSay(1);
    expect(await slack.ready()).toEqual([]);
  });
});

describe("more than twenty of them in ten seconds", () => {
  test("stop the relay of apps, and the status says so", async () => {
    await discord.change({ relayApps: true });
    await appsSay(30);
    expect(await slack.hears()).toEqual(texts(20));
    expect(await problems()).toEqual(["relay_of_apps_stopped"]);
    // Once: the others of the batch are not asked about.
    expect(await rows(backend, "problems")).toMatchObject([{ count: 1 }]);
    await pass(backend, 60_000);
    await appsSay(1);
    expect(await slack.ready()).toEqual([]);
    await discord.says("people are heard");
    expect(await slack.hears()).toEqual(["people are heard"]);
  });

  test("stop it until it is asked for again", async () => {
    await discord.change({ relayApps: true });
    await appsSay(21);
    await slack.hears();
    await pass(backend, 60_000);
    await discord.change({ relayApps: true });
    expect(await problems()).toEqual([]);
    await appsSay(1);
    expect(await slack.hears()).toEqual(["m0"]);
  });

  test("are counted together with what other channels of the room relay", async () => {
    await discord.change({ relayApps: true });
    await slack.change({ relayApps: true });
    for (let n = 0; n < 11; n++) {
      await discord.says(`d${n.toString()}`, { fromApp: true });
      await slack.says(`s${n.toString()}`, { fromApp: true });
    }
    expect(await problems()).not.toEqual([]);
  });

  test("are not too many in a minute", async () => {
    await discord.change({ relayApps: true });
    for (let n = 0; n < 6; n++) {
      await appsSay(10);
      await pass(backend, 10_000);
    }
    expect(await problems()).toEqual([]);
  });

  test("or more than three hundred in an hour: a slow loop ends too", async () => {
    await discord.change({ relayApps: true });
    for (let n = 0; n < 36; n++) {
      await appsSay(10);
      await pass(backend, 10_000);
    }
    expect(await problems()).toEqual(["relay_of_apps_stopped"]);
    expect((await rows(backend, "deliveries")).length).toBeLessThan(340);
  });
});
