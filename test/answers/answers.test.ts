import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ConvexHttpClient } from "convex/browser";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { tokenOf } from "../../scripts/stand_ins/convex/fixture_api.ts";
import { startLocalConvex } from "../../scripts/stand_ins/convex/local_convex.ts";
import { type OpenAiStandIn, startOpenAiStandIn } from "../../scripts/stand_ins/openai/stand_in.ts";
import { ROOT } from "../../scripts/tooling/repository.ts";
import { keySetVariables, makeAllKeys } from "../../scripts/tooling/signing_keys.ts";
import { said, snowflake } from "../support/convex/events.ts";
import { eventually } from "../support/eventually.ts";
import { copyProject, type ProjectCopy } from "../support/project_copy.ts";

/* The examples of docs/answers.md, as they stand there: checked, and run in a deployment. */

let copy: ProjectCopy;

/** Where an example's `convex/answer.ts` waits in the copy. */
const answerOf = (example: string) => join(copy.path, "convex", `answer_${example}.ts`);

beforeAll(async () => {
  copy = await copyProject();
  const text = await readFile(join(ROOT, "docs", "answers.md"), "utf8");
  const snippets = [...text.matchAll(/^```ts (convex\/\w+\.ts) \((\w+)\)\n([^]*?)^```$/gm)];
  expect(snippets.map(([, path, example]) => `${example} ${path}`)).toEqual([
    "pong convex/answer.ts",
    "provider convex/answer.ts",
    "tool convex/answer.ts",
  ]);
  for (const [, , example = "", code = ""] of snippets) await writeFile(answerOf(example), code);
});

afterAll(() => copy.remove());

test("the examples type-check", { timeout: 300_000 }, async () => {
  const tsc = join(ROOT, "node_modules", "@typescript", "native", "bin", "tsc");
  const checked = promisify(execFile)(process.execPath, [tsc, "-p", "convex/tsconfig.json"], {
    cwd: copy.path,
  });
  await expect(checked).resolves.toMatchObject({ stdout: "" });
});

/** A deployment that answers as an example does, and its AI. */
async function deploy(example: string, variables: (ai: OpenAiStandIn) => Record<string, string>) {
  const ai = await startOpenAiStandIn();
  onTestFinished(() => ai.stop());
  await cp(answerOf(example), join(copy.path, "convex", "answer.ts"));
  const keys = await makeAllKeys();
  const convex = await startLocalConvex({
    functionsDir: join(copy.path, "convex"),
    env: {
      ...variables(ai),
      ...keySetVariables(keys),
    },
  });
  onTestFinished(() => convex.stop());
  const client = async (role: "admin" | "discord") => {
    const http = new ConvexHttpClient(convex.url, { logger: false });
    http.setAuth(await tokenOf(role, keys[role]));
    return http;
  };
  const admin = await client("admin");
  const place = { platform: "discord", externalId: snowflake() } as const;
  const { mappingId, channelId } = await admin.mutation(api.admin.map, {
    ...place,
    to: "research",
  });
  const bridge = await client("discord");
  /** Returns the answer to what Bob says. */
  const ask = async (...contents: string[]): Promise<string> => {
    const events = contents.map((content) => said(mappingId, { content }));
    await bridge.mutation(api.bridge.ingest, { events, advance: [] });
    return await eventually(async () => {
      const newest = await admin.query(api.index.listLatestMessages, { channelId });
      const answer = newest.at(-1);
      if (answer === undefined || answer.authorId) throw new Error("no answer yet");
      return answer.content;
    });
  };
  /** Bob says something in another Convex channel, where nothing is answered. */
  const say = async (to: string, content: string): Promise<void> => {
    const other = { platform: "discord", externalId: snowflake(), to, trigger: "never" } as const;
    const { mappingId } = await admin.mutation(api.admin.map, other);
    await bridge.mutation(api.bridge.ingest, {
      events: [said(mappingId, { content })],
      advance: [],
    });
  };
  return { ai, ask, say };
}

test("a question is answered without an AI, and any other by the default", async () => {
  const { ai, ask } = await deploy("pong", ({ baseUrl, apiKey }) => ({
    OPENAI_BASE_URL: baseUrl,
    OPENAI_API_KEY: apiKey,
  }));
  expect(await ask("ping")).toBe("pong");
  expect(ai.requests).toEqual([]);
  expect(await ask("hi")).toContain("You said, Bob: “hi”.");
});

test("another provider is asked, in the channel that it is for", async () => {
  const { ai, ask } = await deploy("provider", ({ baseUrl, apiKey }) => ({
    RESEARCH_BASE_URL: baseUrl,
    RESEARCH_API_KEY: apiKey,
  }));
  expect(await ask("hi")).toBe("You said, Bob: “hi”. (I was sent 1 message.)");
  expect(ai.requests).toMatchObject([{ model: "research-large", authorised: true }]);
});

test("a tool looks things up in the channel itself only, and the answer tells what it found", async () => {
  const { ai, ask, say } = await deploy("tool", ({ baseUrl, apiKey }) => ({
    OPENAI_BASE_URL: baseUrl,
    OPENAI_API_KEY: apiKey,
  }));
  await say("elsewhere", "green tea in another channel");
  const question = 'use search with {"words": "GREEN tea"}';
  const answer = await ask("Green tea, please", "coffee", question);
  const [, found = ""] = /A tool says: “([^”]*)”/.exec(answer) ?? [];
  const time = "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z";
  expect(found).toMatch(
    new RegExp(`^${time} Bob: Green tea, please ${time} Bob: use search with .* tea"}$`),
  );
  expect(ai.requests).toHaveLength(2);
  expect(ai.refused).toEqual([]);
});
