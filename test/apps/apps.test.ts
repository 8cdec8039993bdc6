import { ConvexClient } from "convex/browser";
import type { FunctionReturnType } from "convex/server";
import { makeFunctionReference } from "convex/server";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import { PLATFORMS } from "../../scripts/stand_ins/stack.ts";
import { eventually } from "../support/eventually.ts";
import { image } from "../support/files/material.ts";
import type { ProjectCopy } from "../support/project_copy.ts";
import { RelayStage } from "../relay/relay_stage.ts";
import { projectWith } from "./snippets.ts";

/* An app of its own people, who are members of channels as docs/apps.md shows, beside a bridge of both platforms. */

const setMember = makeFunctionReference<
  "mutation",
  { channelId: Id<"channels">; person: string; isMember: boolean }
>("members:set");

let copy: ProjectCopy;
let stage: RelayStage;

beforeAll(async () => {
  copy = await projectWith(
    "convex/access.ts (members)",
    "convex/schema.ts (members)",
    "convex/auth.config.ts",
  );
  stage = await RelayStage.open({ functionsDir: join(copy.path, "convex") });
  await stage.stack.startBridge();
});
afterAll(async () => {
  await stage.stack.stop();
  await copy.remove();
});

/** A person's client, and everything that it is shown of a channel. */
async function person(name: string) {
  const { stack } = stage;
  const client = new ConvexClient(stack.convex.url, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
  });
  onTestFinished(() => client.close());
  client.setAuth(() => stack.appToken(name));
  const lines = ({ page }: FunctionReturnType<typeof api.apps.messages>) =>
    page.map(({ author, text }) => `${author.name} (${author.platform ?? author.kind}): ${text}`);
  const watch = (channelId: Id<"channels">) => {
    const shown: string[][] = [];
    const first = { channelId, paginationOpts: { numItems: 20, cursor: null } };
    client.onUpdate(api.apps.messages, first, (result) => shown.push(lines(result)));
    return shown;
  };
  return { client, watch, userId: await client.mutation(api.apps.ensureUser, {}) };
}

async function setMembership(channelId: Id<"channels">, name: string, isMember: boolean) {
  const who = `https://people.playground.invalid|${name}`;
  await stage.admin.mutation(setMember, { channelId, person: who, isMember });
}

async function channelOf(name: string) {
  const channels = await stage.admin.query(api.apps.listChannels, {});
  const id = channels.find((channel) => channel.name === name)?.id;
  if (!id) throw new Error("no such channel");
  return id;
}

test("what a member writes is on both platforms once, and theirs and the AI's words are read live", async () => {
  const talk = await stage.conversation("team", { trigger: "always" });
  const channelId = await channelOf("team");
  await setMembership(channelId, "Mia", true);
  const mia = await person("Mia");
  const shown = mia.watch(channelId);
  await eventually(() => expect(shown).toEqual([[]]));
  await mia.client.mutation(api.index.sendMessage, {
    ...{ channelId, authorId: mia.userId, content: "hello from the **app**" },
  });
  const answer = "You said, Mia: “hello from the **app**”. (I was sent 1 message.)";
  await eventually(() => {
    for (const platform of PLATFORMS) {
      const [first, ...others] = talk.lines(platform);
      expect(first).toBe("Mia: hello from the **app**");
      expect(others).toHaveLength(1);
      expect(others[0]).toContain(answer);
    }
    expect(shown.at(-1)).toEqual([`AI (ai): ${answer}`, "Mia (person): hello from the **app**"]);
  });
  talk.say("slack", "Grace", "hello *app*");
  await eventually(() => expect(shown.at(-1)).toContain("Grace (slack): hello **app**"));
  await stage.settled();
  for (const platform of PLATFORMS)
    expect(talk.lines(platform).filter((line) => line.startsWith("Mia: "))).toHaveLength(1);
  const posted = stage.stack.discord.posts.find(({ persona }) => persona?.name === "Mia");
  expect(posted).toMatchObject({ pings: [] });
});

test("a right that is taken away empties the list at once, and a private channel looks like none", async () => {
  const talk = await stage.conversation("secret");
  const channelId = await channelOf("secret");
  await setMembership(channelId, "Kim", true);
  const kim = await person("Kim");
  const shown = kim.watch(channelId);
  talk.say("discord", "Ada", "for members");
  await eventually(() => expect(shown.at(-1)).toEqual(["Ada (discord): for members"]));
  expect(await kim.client.query(api.apps.listChannels, {})).toMatchObject([{ name: "secret" }]);
  await setMembership(channelId, "Kim", false);
  await eventually(() => expect(shown.at(-1)).toEqual([]));
  const after = shown.length;
  talk.say("slack", "Grace", "after Kim left");
  await eventually(() => expect(talk.lines("discord")).toContain("Grace: after Kim left"));
  expect(shown).toHaveLength(after);
  expect(await kim.client.query(api.apps.listChannels, {})).toEqual([]);
  const writes = kim.client.mutation(api.index.sendMessage, {
    ...{ channelId, authorId: kim.userId, content: "still here?" },
  });
  // Its text is hidden from clients, as in production: the same for a channel that does not exist.
  await expect(writes).rejects.toThrow("Server Error");
  expect(talk.lines("discord")).toHaveLength(2);
});

test("a member's page fetches a file, as long as it may, and nobody else does", async () => {
  const { siteUrl } = stage.stack.convex;
  const talk = await stage.conversation("pictures");
  const channelId = await channelOf("pictures");
  await setMembership(channelId, "Lea", true);
  const lea = await person("Lea");
  const picture = image("plan.png");
  const messageId = talk.say("discord", "Ada", "look", { files: [picture] });
  const first = { channelId, paginationOpts: { numItems: 20, cursor: null } };
  const held: (string | undefined)[] = [];
  lea.client.onUpdate(api.apps.messages, first, ({ page }) =>
    held.push(page[0]?.attachments[0]?.fileId),
  );
  await eventually(() => expect(held.at(-1)).toBeDefined());
  const address = `${siteUrl}/files/${held.at(-1) ?? ""}`;
  const get = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return await fetch(address, { headers });
  };
  const leas = await stage.stack.appToken("Lea");
  const served = await get(leas);
  expect(served.status).toBe(200);
  expect(Buffer.from(await served.arrayBuffer())).toEqual(Buffer.from(picture.bytes));
  // Convex holds it as an upload of the bridge, which is nobody else's business.
  expect(served.headers.get("content-type")).toBe("image/png");
  expect(served.headers.get("content-disposition")).toMatch(/^inline; filename="plan\.png";/);
  const refused = async (token?: string) => {
    const answer = await get(token);
    expect([answer.status, await answer.text()]).toEqual([404, "Not found"]);
  };
  await refused();
  await refused("not a token");
  await refused(await stage.stack.appToken("Eve"));
  await setMembership(channelId, "Lea", false);
  await refused(leas);
  await setMembership(channelId, "Lea", true);
  expect((await get(leas)).status).toBe(200);
  talk.remove("discord", messageId);
  await eventually(async () => expect((await get(leas)).status).toBe(404));
  await refused(leas);
});
