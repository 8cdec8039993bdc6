import { describe, expect, test } from "vitest";
import {
  chromium,
  eventuallyCount,
  replyTo,
  useOnePage,
} from "../../support/page/page_in_browser.ts";

/* The playground's page as people on both platforms use it. */

describe.skipIf(chromium === undefined)("chats on the page", () => {
  const shared = useOnePage();
  test("what is said on one platform appears on the other, under its author's name, until relaying is off", async () => {
    const on = shared();
    for (const [title, other] of [
      ["Discord", "Slack"],
      ["Slack", "Discord"],
    ] as const) {
      await on.speakAs(title, "Grace");
      await on.say(title, `across from ${title}`);
      const copy = on.log(other).getByRole("listitem", { name: /^Grace at / });
      await copy.getByText(`across from ${title}`, { exact: true }).waitFor();
      await on
        .stored("general", title, `across from ${title}`)
        .getByText(`${other}: sent`, { exact: true })
        .waitFor();
      for (const each of [title, other]) {
        await on.log(each).getByText(`You said, Grace: “across from ${title}”`).waitFor();
        await on.answered(each, "general", `across from ${title}`);
      }
      await on.speakAs(title, "You");
    }
    for (const title of ["Discord", "Slack"] as const)
      await eventuallyCount(on.log(title).getByText("You said, Grace: “across"), 2);
    await on.stopRelaying();
    await on.say("Slack", "not across");
    await on.answered("Slack", "general", "not across");
    expect(await on.log("Discord").getByText("not across").count()).toBe(0);
  }, 60_000);

  test("a person on each platform is answered, and Convex shows the messages and posts", async () => {
    const on = shared();
    for (const [title, name] of [
      ["Discord", "general"],
      ["Slack", "general"],
    ] as const) {
      await on.say(title, `Hello from ${title}`);
      await on.answered(title, name, `Hello from ${title}`);
      await on.row(name, `Hello from ${title}`).first().waitFor();
    }
  }, 60_000);

  test("another person replies in a thread, edits and deletes, and Convex follows", async () => {
    const on = shared();
    for (const [title, name] of [
      ["Discord", "general"],
      ["Slack", "general"],
    ] as const) {
      await on.speakAs(title, "Ada");
      await on.say(title, "a question of Ada's");
      await on.answered(title, name, "a question of Ada's");
      const question = on.message(title, "a question of Ada's").first();
      await on.press(question, "Thread");
      await on.say(title, "more in the thread");
      await on.log(title).getByText(replyTo("more in the thread")).waitFor();
      await on
        .row(name, "more in the thread")
        .first()
        .getByText("thread", { exact: true })
        .waitFor();
      await on.chat(title).getByRole("button", { name: "Back to #general" }).click();

      await on.press(question, "Edit");
      await on.log(title).getByLabel("Edit message").fill("a better question");
      await on.log(title).getByLabel("Edit message").press("Enter");
      await on.row(name, "a better question").first().getByText("edited").waitFor();

      await on.say(title, "a mistake");
      await on.answered(title, name, "a mistake");
      const mistake = on.message(title, "a mistake").first();
      await on.press(mistake, "Delete");
      await on.row(name, "deleted").first().waitFor();
      await on.speakAs(title, "You");
    }
  }, 60_000);

  test("a channel is created, mapped, paused, resumed and unmapped", async () => {
    const on = shared();
    await on.chat("Discord").getByRole("button", { name: "+ channel" }).click();
    await on.chat("Discord").getByLabel("Name of the new channel").fill("support");
    await on.chat("Discord").getByLabel("Name of the new channel").press("Enter");
    await on.say("Discord", "said before it was mapped");
    await on.chat("Discord").getByRole("button", { name: "Map", exact: true }).click();
    await on.card("support").waitFor();
    await on.say("Discord", "said when mapped");
    await on.answered("Discord", "support", "said when mapped");

    await on.openSettings("Discord");
    await on.chat("Discord").getByLabel("Answer").selectOption("never");
    await on.card("support").getByText("never").waitFor();
    await on.say("Discord", "no answer to this");
    await on.row("support", "no answer to this").waitFor();

    await on.chat("Discord").getByRole("button", { name: "Pause" }).click();
    await on.card("support").getByText("paused").waitFor();
    await on.chat("Discord").getByRole("button", { name: "Resume" }).click();
    await on.chat("Discord").getByRole("button", { name: "Unmap" }).click();
    await on.card("support").getByText("unmapped, kept").waitFor();
    expect(await on.row("support", "said before it was mapped").count()).toBe(0);
    expect(await on.log("Discord").getByText(replyTo("no answer to this")).count()).toBe(0);
    await on.chat("Discord").getByRole("button", { name: "# general" }).click();
  }, 60_000);

  test("the chat API's two windows share a channel that was never mapped", async () => {
    const on = shared();
    await on.page.getByLabel("Message as Ann").fill("hi Bob");
    await on.page.getByLabel("Message as Ann").press("Enter");
    for (const name of ["Ann", "Bob"]) {
      const own = on.page.getByRole("article", { name: `${name}'s window` });
      await own.getByText("hi Bob", { exact: true }).waitFor();
      await own.getByText(replyTo("hi Bob")).waitFor();
    }
  }, 60_000);

  test("no request goes to another machine, and the console stays empty", async () => {
    const on = shared();
    const hosts = [...on.asked].map((url) => new URL(url).hostname);
    expect(on.asked.size).toBeGreaterThan(4);
    expect([...new Set(hosts)]).toEqual(["127.0.0.1"]);
    expect(on.errors).toEqual([]);
  });
});
