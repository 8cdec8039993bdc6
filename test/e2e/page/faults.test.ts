import { beforeAll, describe, expect, test } from "vitest";
import { PlaygroundController } from "../../../scripts/playground/page/server/controller.ts";
import { servePage } from "../../../scripts/playground/page/server/page_server.ts";
import {
  chromium,
  eventuallyCount,
  replyTo,
  useOnePage,
} from "../../support/page/page_in_browser.ts";

/* What the playground's page can break, and what it shows then. */

describe.skipIf(chromium === undefined)("faults on the page", () => {
  const shared = useOnePage();
  beforeAll(async () => {
    await shared().stopRelaying();
  });

  test("a bridge killed while replies are being posted loses and repeats nothing", async () => {
    const on = shared();
    for (const title of ["Discord", "Slack"] as const) await on.say(title, "before the end");
    for (const title of ["Discord", "Slack"] as const)
      await on.stored("general", title, "before the end").waitFor();
    await on.page.getByRole("button", { name: "Kill the bridge" }).click();
    await on.page.getByText("bridge stopped").waitFor();
    await on.chat("Slack").getByText("bridge away").waitFor();
    for (const title of ["Discord", "Slack"] as const) await on.say(title, "while it is dead");
    await on.page.getByRole("button", { name: "Start the bridge" }).click();
    await on.page.getByText("bridge running").waitFor();
    for (const [title, name] of [
      ["Discord", "general"],
      ["Slack", "general"],
    ] as const) {
      // The new bridge can claim what the dead one held only when the lease ends, after 60 s.
      await on.log(title).getByText(replyTo("while it is dead")).waitFor({ timeout: 90_000 });
      await on.answered(title, name, "while it is dead");
      await on.say(title, "after the start");
      await on.answered(title, name, "after the start");
      for (const text of ["before the end", "while it is dead", "after the start"]) {
        await eventuallyCount(on.log(title).getByText(replyTo(text)), 1);
        await eventuallyCount(on.stored(name, title, text), 1);
      }
    }
  }, 150_000);

  test("a refused post shows as failed, with a way to send it again", async () => {
    const on = shared();
    await on.page.getByLabel("Platform to break").selectOption("Slack");
    await on.page.getByLabel("its next post").selectOption("is refused: no permission");
    await on.page.getByRole("button", { name: "Fail it" }).click();
    await on.page.getByText("It will").waitFor();
    await on.say("Slack", "this one fails");
    const failed = on.card("general").getByText("Slack: failed", { exact: true });
    await failed.waitFor();
    await on.card("general").getByRole("button", { name: "Retry" }).click();
    await on.answered("Slack", "general", "this one fails");
    await eventuallyCount(failed, 0);
  }, 60_000);

  test("messages posted while Convex is away arrive when it is back", async () => {
    const on = shared();
    await on.page.getByRole("button", { name: "Take Convex offline" }).click();
    await on.page.getByText(/^Convex has been away for \d+ s/).waitFor();
    for (const title of ["Discord", "Slack"] as const) {
      await on.say(title, "into the void");
      await on.message(title, "into the void").first().waitFor();
    }
    await on.page.getByRole("button", { name: "Bring Convex back online" }).click();
    await on.answered("Discord", "general", "into the void");
    await on.answered("Slack", "general", "into the void");
  }, 60_000);

  test("the wait of a rate limited post is counted down", async () => {
    const on = shared();
    await on.page.getByLabel("Platform to break").selectOption("Slack");
    await on.page.getByLabel("its next post").selectOption("is rate limited, 5 s");
    await on.page.getByRole("button", { name: "Fail it" }).click();
    await on.say("Slack", "too fast");
    await on
      .card("general")
      .getByText(/^Slack: waiting.* · goes on in [1-5] s/)
      .waitFor();
    await on.answered("Slack", "general", "too fast");
  }, 60_000);

  test("the page finds a playground that was restarted, by itself", async () => {
    const { page, playground } = shared();
    const { stack } = playground;
    const { adminKey, convex } = stack;
    await page.evaluate("document.title = 'as it was before'");
    await playground.page.close();
    await page.getByText("playground gone").waitFor();
    const shown = {
      ai: { real: false, model: "another" },
      app: { person: "Ann", isOpened: false },
    };
    const controller = await PlaygroundController.open(stack, shown);
    controller.rooms.discord.addPerson("Linus");
    controller.rooms.discord.addChannel("after the restart");
    const again = await servePage({
      ...{ controller, adminKey, convexUrl: convex.url, siteUrl: convex.siteUrl },
      app: { port: 5180, token: () => stack.appToken("Ann") },
      port: Number(new URL(playground.page.url).port),
    });
    try {
      await page.getByRole("button", { name: "# after the restart" }).waitFor();
      expect(await page.title()).not.toBe("as it was before");
    } finally {
      controller.close();
      await again.close();
    }
  }, 60_000);
});
