import axe from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { chromium, useOnePage } from "../../support/page/page_in_browser.ts";

/* Whether people can read and reach everything on the playground's page: with keys, on a phone, with a screen reader. */

const vViolations = z.array(
  z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

/** The rules of axe-core that the page breaks, with the elements. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: unknown = await page.evaluate("axe.run().then(({ violations }) => violations)");
  return vViolations
    .parse(found)
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

describe.skipIf(chromium === undefined)("reading the page", () => {
  const shared = useOnePage();

  test("the first message field is five stops of the Tab key away, also after much was said", async () => {
    const on = shared();
    for (const text of ["one", "two", "Show me some formatting"]) {
      await on.say("Discord", text);
      await on.row("general", text).first().waitFor();
    }
    await on.log("Discord").getByText("Akashi").first().waitFor();
    await on.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
    await on.page.mouse.click(1, 1);
    const stops: string[] = [];
    for (let stop = 0; stop < 12; stop++) {
      await on.page.keyboard.press("Tab");
      const field = "document.activeElement.getAttribute('aria-label') ?? ''";
      stops.push(String(await on.page.evaluate(field)));
      if (stops.at(-1) === "Message #general") break;
    }
    expect(stops.indexOf("Message #general"), stops.join(", ")).toBeLessThan(5);
  }, 60_000);

  test("arrow keys reach the buttons of a message", async () => {
    const on = shared();
    await on.log("Discord").focus();
    await on.page.keyboard.press("ArrowUp");
    await on.page.keyboard.press("ArrowRight");
    await on.page.keyboard.press("Enter");
    await on.log("Discord").getByRole("button", { name: "👍 1: You" }).waitFor();
  }, 60_000);

  test.each([
    [1280, 800],
    [375, 740],
  ])(
    "at %i by %i nothing breaks a rule of axe-core, in either colour scheme",
    async (width, height) => {
      const { page } = shared();
      await page.setViewportSize({ width, height });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page)).toEqual([]);
      }
      await page.emulateMedia({ colorScheme: "light" });
    },
    60_000,
  );

  test("on a phone one panel is shown at a time", async () => {
    const on = shared();
    await on.page.setViewportSize({ width: 375, height: 740 });
    expect(await on.page.evaluate("document.documentElement.scrollHeight")).toBeLessThan(900);
    expect(await on.page.evaluate("document.documentElement.scrollWidth")).toBe(375);
    await on.page.getByRole("button", { name: "Your app" }).click();
    await on.app().waitFor();
    expect(await on.chat("Discord").isVisible()).toBe(false);
  }, 60_000);

  test.each([
    [1280, 800],
    [375, 740],
  ])(
    "at %i by %i the newest message is wholly in view, however it grows",
    async (width, height) => {
      const on = shared();
      await on.page.setViewportSize({ width, height });
      if (width < 780) await on.page.getByRole("button", { name: "Discord", exact: true }).click();
      await on.say("Discord", "Show me some formatting");
      await on.chat("Discord").getByRole("button", { name: "+ image" }).click();
      await on.log("Discord").getByRole("img").last().waitFor();
      const log = `document.querySelector("#discord [role=log]")`;
      const below = `${log}.scrollHeight - ${log}.scrollTop - ${log}.clientHeight`;
      await expect.poll(() => on.page.evaluate(below), { timeout: 20_000 }).toBeLessThanOrEqual(1);
      // Grows without a new message.
      const { controller, channels } = on.playground;
      const room = controller.rooms.discord;
      const { channel, person } = channels.discord;
      const last = () => room.messages({ channel }).at(-1);
      await expect
        .poll(() => last()?.text, { timeout: 20_000 })
        .toMatch(/^You said, You: “What is wrong here\?[^]*\)$/);
      const id = last()?.id ?? "";
      room.react({ channel }, { id, person, thumb: "👎" });
      await on.log("Discord").getByRole("button", { name: "👎 1: You" }).last().waitFor();
      await expect.poll(() => on.page.evaluate(below), { timeout: 5_000 }).toBeLessThanOrEqual(1);
    },
    60_000,
  );

  test("at 1280 the message field is wide and no bar wraps", async () => {
    const { page } = shared();
    await page.setViewportSize({ width: 1280, height: 800 });
    const field = await page.getByLabel("Message #general").first().boundingBox();
    expect(field?.width).toBeGreaterThan(180);
    const bar = await page.getByRole("region", { name: "Break it" }).boundingBox();
    expect(bar?.height).toBeLessThan(50);
  });
});
