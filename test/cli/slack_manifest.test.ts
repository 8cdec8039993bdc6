import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { Router, type RouterOptions } from "../../bridges/slack/inbound/router.ts";
import { EventDispatcher } from "../../bridges/slack/socket/dispatcher.ts";
import {
  BOT_SCOPES,
  FILES_SCOPE,
  REACTIONS_SCOPE,
  RELAY_SCOPE,
} from "../../scripts/cli/channels/views/slack_view.ts";
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
  const checked = [...BOT_SCOPES, RELAY_SCOPE, FILES_SCOPE, REACTIONS_SCOPE];
  expect(manifest.oauth_config.scopes.bot.toSorted()).toEqual(checked.sort());
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

test("the manifest subscribes to the events that the bridge handles, and no others", () => {
  const on = vi.spyOn(EventDispatcher.prototype, "on");
  // Subscribing uses no other option.
  new Router({ identity: { botUserId: "U1" } } as RouterOptions).events();
  const needed = on.mock.calls.flatMap(([type]) =>
    type === "message" ? ["message.channels", "message.groups"] : [type],
  );
  expect(manifest.settings.event_subscriptions.bot_events).toEqual(needed.sort());
});
