import { WebSocket } from "undici";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { startBridgeProcess } from "../../scripts/stand_ins/bridge_process.ts";
import { startSlackStandIn } from "../../scripts/stand_ins/slack/stand_in.ts";
import { type DoctorStage, startDoctorStage } from "../support/doctor/stage.ts";
import { DEPLOYMENT_FAULTS } from "../support/doctor/deployment_faults.ts";
import { MACHINE_FAULTS } from "../support/doctor/machine_faults.ts";
import { PLATFORM_FAULTS } from "../support/doctor/platform_faults.ts";
import { type Fault, faultInjector } from "../support/doctor/fault_injector.ts";
import { exitCode, formatFinding } from "../../scripts/cli/doctor/finding.ts";

const FAULTS = [...MACHINE_FAULTS, ...DEPLOYMENT_FAULTS, ...PLATFORM_FAULTS];

let stage: DoctorStage;

beforeAll(async () => {
  stage = await startDoctorStage();
}, 60_000);

afterAll(() => stage.stop());

describe("the doctor reports the fault and the step that fixes it", () => {
  test.each(FAULTS)("$name", async ({ inject, fault, step, level = "error" }) => {
    const findings = await inject(faultInjector(stage));
    const found = findings.find((finding) => finding.level === level && fault.test(finding.text));
    const all = findings.map(formatFinding).join("\n");
    expect(found, all).toBeDefined();
    expect(found?.step).toMatch(step);
    expect(exitCode(findings)).toBe(findings.some((each) => each.level === "error") ? 1 : 3);
    expect(all).not.toMatch(/MARKED|the check itself failed|^\s+at .*:\d+/m);
  });

  test("there are at least forty faults, all different", () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(40);
    for (const key of [
      (each: Fault) => each.name,
      (each: Fault) => each.fault.source + each.step.source,
    ]) {
      expect(new Set(FAULTS.map(key)).size).toBe(FAULTS.length);
    }
  });
});

test("a correct setup has no errors or warnings and exit code 0", async () => {
  const findings = await stage.run({}, { ask: true });
  const faults = findings.filter(({ level }) => level === "error" || level === "warning");
  expect(faults.map(formatFinding)).toEqual([]);
  expect(exitCode(findings)).toBe(0);
});

test("answers that work again are reported and are no fault", async () => {
  const aiHealth = { since: 1, reason: "no credit", failures: 1, at: 1, endedAt: 60_000 };
  const findings = await faultInjector(stage).statusWith((status) => ({ ...status, aiHealth }));
  expect(findings.map(({ text }) => text)).toContain(
    "Answers failed from 1970-01-01 00:00 to 1970-01-01 00:01 and work again: no credit (1 failed)",
  );
  expect(exitCode(findings)).toBe(0);
});

test("a chat API that is open on purpose is reported and is no fault", async () => {
  const findings = await faultInjector(stage).variable("PUBLIC_CHAT", "open");
  expect(findings.map(formatFinding).join("\n")).toContain("Public chat: open: anybody");
  expect(exitCode(findings)).toBe(0);
});

test("a bridge that answers at the health port is reported with its platforms", async () => {
  const env = { ...stage.stack.bridgeEnv(["slack"]), HEALTH_PORT: "0" };
  const bridge = await startBridgeProcess(env, ["slack"]);
  stage.onStop(async () => {
    await bridge.stop();
  });
  const port = bridge.log.map((line) => /"port":(\d+)/.exec(line)?.[1]).find(Boolean);
  const texts = (await stage.run({ HEALTH_PORT: port ?? "" })).map(({ text }) => text);
  expect(texts).toContain("it runs; slack is ready");
});

test("a relay without names and pictures is reported where it is on, and is no fault", async () => {
  const { discord, slack } = stage.stack;
  const texts = async (relaySince: number | undefined) => {
    const rows = await (await stage.stack.adminClient()).query(api.admin.list, {});
    const list = rows.map((row) => ({ ...row, ...(relaySince !== undefined && { relaySince }) }));
    const findings = await faultInjector(stage).deployment({ "admin:list": list });
    expect(exitCode(findings)).toBe(0);
    return findings.map(formatFinding).join("\n");
  };
  expect(await texts(1)).not.toContain("relayed");
  discord.deny(stage.channels.discord, { webhooks: true });
  slack.setScope("chat:write.customize", false);
  try {
    expect(await texts(undefined)).not.toContain("relayed");
    const relaying = await texts(1);
    expect(relaying).toMatch(/^ok {4}discord .*lacks Manage Webhooks.* allow Manage Webhooks$/m);
    expect(relaying).toMatch(
      /^ok {4}slack .*lacks the scope chat:write\.customize.* add chat:wri/m,
    );
  } finally {
    discord.deny(stage.channels.discord, {});
    slack.setScope("chat:write.customize", true);
  }
});

test("the AI service gets no request without --ask", async () => {
  const refused = { "doctor:askModel": { ok: false, reason: "the AI service refused the key" } };
  expect(exitCode(await faultInjector(stage).deployment(refused))).toBe(0);
});

describe("the newest messages are looked up in the deployment", () => {
  test("missing event subscriptions, and other programs that use the same app token", async () => {
    const { stack } = stage;
    // The workspace's clock is a minute behind, so that its messages are a minute old.
    const slack = await startSlackStandIn({ subscriptions: [], now: () => Date.now() - 60_000 });
    stage.onStop(() => slack.stop());
    const channel = slack.addChannel("silent");
    const admin = await stack.adminClient();
    const { SLACK_APP_TOKEN = "", SLACK_API_URL = "" } = slack.env;
    const sockets: WebSocket[] = [];
    for (let n = 0; n < 3; n += 1) {
      const opened = await fetch(`${SLACK_API_URL}apps.connections.open`, {
        method: "POST",
        headers: { authorization: `Bearer ${SLACK_APP_TOKEN}` },
      });
      const { url } = (await opened.json()) as { url: string }; // The stand-in's own answer.
      const socket = new WebSocket(url);
      await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
      sockets.push(socket);
    }
    slack.say({ channel, person: slack.addPerson("Ann"), text: "hello?" });
    const rows = await admin.query(api.admin.list, {});
    const list = rows.map((row) => ({
      ...row,
      ...(row.platform === "slack" && { externalId: channel, since: "0" }),
    }));
    const CONVEX_URL = await stage.proxyConvex({ answers: { "admin:list": list } });
    const findings = await stage.run({ ...slack.env, CONVEX_URL });
    for (const socket of sockets) socket.close();
    const all = findings.map(formatFinding).join("\n");
    expect(all).toMatch(/FAIL {2}slack \w+: messages do not arrive/);
    expect(all).toMatch(/-> .*Event Subscriptions.*message\.channels/);
    expect(all).toMatch(/warn {2}Slack: 3 other sockets are open/);
  });

  test("a Discord channel whose messages no bridge stores", async () => {
    const { discord } = stage.stack;
    const channel = discord.addChannel("silent");
    discord.say({ channel, person: discord.addPerson("Ann"), text: "hello?" });
    const admin = await stage.stack.adminClient();
    const rows = await admin.query(api.admin.list, {});
    const silent = async (since: string) => {
      const list = rows.map((row) => ({
        ...row,
        ...(row.platform === "discord" && { externalId: channel, since }),
      }));
      const CONVEX_URL = await stage.proxyConvex({ answers: { "admin:list": list } });
      return (await stage.run({ CONVEX_URL })).map(formatFinding).join("\n");
    };
    const warning = /warn {2}discord \d+: the newest messages are not stored/;
    // The message may not be stored yet.
    expect(await silent("0")).not.toMatch(warning);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    try {
      expect(await silent("0")).toMatch(warning);
      // The message is older than the mapping.
      expect(await silent("9".repeat(20))).not.toMatch(warning);
    } finally {
      vi.useRealTimers();
    }
  });
});
