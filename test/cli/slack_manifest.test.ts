import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { BOT_SCOPES } from "../../scripts/cli/channels/slack_view.ts";
import { startSlackStandIn } from "../../scripts/stand_ins/slack/stand_in.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";

const manifest = z
  .object({
    oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }),
    settings: z.object({
      socket_mode_enabled: z.literal(true),
      event_subscriptions: z.object({ bot_events: z.array(z.string()) }),
    }),
  })
  .parse(JSON.parse(readFileSync(join(ROOT, "slack-app-manifest.json"), "utf8")));

test("the manifest requests exactly the scopes that the doctor checks", () => {
  expect(manifest.oauth_config.scopes.bot.toSorted()).toEqual([...BOT_SCOPES].sort());
});

test("the manifest's scopes are those of the stand-in that every other test uses", async () => {
  const slack = await startSlackStandIn();
  try {
    const response = await fetch(`${slack.env.SLACK_API_URL ?? ""}auth.test`, {
      method: "POST",
      headers: { authorization: `Bearer ${slack.env.SLACK_BOT_TOKEN ?? ""}` },
    });
    const scopes = (response.headers.get("x-oauth-scopes") ?? "").split(",");
    expect(manifest.oauth_config.scopes.bot.toSorted()).toEqual(scopes.sort());
  } finally {
    await slack.stop();
  }
});

test("the manifest subscribes to every event that the bridge handles", () => {
  const folder = join(ROOT, "bridges", "slack");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"));
  const handled = sources.flatMap((source) =>
    [...source.matchAll(/\.event\("(\w+)"/g)].map(([, name]) => name),
  );
  expect(handled.length).toBeGreaterThan(2);
  const events = manifest.settings.event_subscriptions.bot_events;
  for (const name of handled) {
    const needed = name === "message" ? ["message.channels", "message.groups"] : [name];
    expect(events).toEqual(expect.arrayContaining(needed));
  }
});
