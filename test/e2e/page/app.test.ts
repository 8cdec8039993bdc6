import { describe, expect, test } from "vitest";
import { chromium, eventuallyCount, useOnePage } from "../../support/page/page_in_browser.ts";

/* What an app's person sees on the playground's page, and what is shown beside texts. */

describe.skipIf(chromium === undefined)("the app on the page", () => {
  const shared = useOnePage();

  test("reads what people say on both platforms, and writes to both under its person's name", async () => {
    const on = shared();
    await on
      .app()
      .getByText("The playground opens general to Ann; in your deployment convex/access.ts decides")
      .waitFor();
    for (const title of ["Discord", "Slack"] as const) {
      await on.speakAs(title, "Grace");
      await on.say(title, `hello app, from ${title}`);
      const seen = on.app().getByRole("listitem", { name: /^Grace at / });
      await seen
        .filter({ hasText: `on ${title}` })
        .getByText(`hello app, from ${title}`)
        .waitFor();
      const answer = `You said, Grace: “hello app, from ${title}”`;
      for (const each of ["Discord", "Slack"] as const)
        await on.log(each).getByText(answer).waitFor();
    }
    const field = on.app().getByLabel("Message general as Ann");
    await field.fill("hello platforms");
    await field.press("Enter");
    for (const title of ["Discord", "Slack"] as const) {
      const copy = on.log(title).getByRole("listitem", { name: /^Ann at / });
      await copy.getByText("hello platforms", { exact: true }).waitFor();
      await on.log(title).getByText("You said, Ann: “hello platforms”").first().waitFor();
    }
    await on.app().getByText("You said, Ann: “hello platforms”").waitFor();
    await on.row("general", "hello platforms").first().getByText("from your app").waitFor();
  }, 60_000);

  test("shows reactions, which rate an answer", async () => {
    const on = shared();
    const rated = on.message("Slack", "You said, Ann: “hello platforms”").first();
    await on.press(rated, "React with 👍");
    await rated.getByRole("button", { name: "👍 1: Grace" }).waitFor();
    await on.page.getByText("feedback: 👍 1 👎 0").waitFor();
    const seen = on.app().getByRole("listitem").filter({ hasText: "You said, Ann" });
    await seen.getByText("👍 1").waitFor();
    await rated.getByRole("button", { name: "👍 1: Grace" }).click();
    await eventuallyCount(on.page.getByText("feedback: 👍"), 0);
    await eventuallyCount(seen.getByText("👍 1"), 0);
  }, 60_000);

  test("an image goes along to the other platform, and Convex holds it", async () => {
    const on = shared();
    await on.speakAs("Discord", "Ada");
    await on.chat("Discord").getByRole("button", { name: "+ image" }).click();
    for (const title of ["Discord", "Slack"] as const) {
      const picture = on.log(title).getByRole("img", { name: "Picture of Ada" });
      await picture.waitFor();
      const image = `document.querySelector("#${title.toLowerCase()} img")`;
      expect(await on.page.evaluate(`${image}.decode().then(() => ${image}.naturalWidth)`)).toBe(
        360,
      );
    }
    await on.row("general", "What is wrong here?").first().getByText("1 file, held").waitFor();
    await on.app().getByRole("img", { name: "screenshot.png" }).waitFor();
  }, 60_000);

  test("people watch a long answer grow", async () => {
    const on = shared();
    await on.chat("Discord").getByRole("button", { name: "Write a long reply." }).click();
    await on
      .card("general")
      .getByText(/\d+ characters shown so far/)
      .waitFor();
    const begun = on.log("Discord").getByText("A long reply for Ada");
    await begun.waitFor();
    expect(await on.log("Discord").getByText("That was all of it.").count()).toBe(0);
    await on.log("Discord").getByText("That was all of it.").waitFor({ timeout: 60_000 });
  }, 90_000);

  test("the console stays empty, and images need no other machine", () => {
    const { asked, errors } = shared();
    const hosts = [...asked].filter((url) => !/^(?:data|blob):/.test(url));
    expect([...new Set(hosts.map((url) => new URL(url).hostname))]).toEqual(["127.0.0.1"]);
    expect(errors).toEqual([]);
  });
});
