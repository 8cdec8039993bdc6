import { expect, test } from "vitest";
import { FatalError, PlatformError } from "../shared/errors.ts";
import { createLog, nameChannels, readableLines } from "./log.ts";

function capture(secrets: string[] = []) {
  const lines: string[] = [];
  const log = createLog({ level: "debug", secrets, write: (line) => lines.push(line) });
  return { log, text: () => lines.join("") };
}

test("a configured secret never appears, however it is logged", () => {
  const { log, text } = capture(["s3cret-value"]);
  log.info({ anything: { deep: { down: "s3cret-value" } } }, "with s3cret-value");
  log.child({ platform: "discord" }).warn(["s3cret-value"]);
  expect(text()).not.toContain("s3cret-value");
  expect(text()).toContain("[redacted]");
});

test("tokens are recognised by their format", () => {
  const { log, text } = capture();
  const tokens = [
    "xoxb-1234-abcd",
    "xapp-1-A1-2",
    "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
    `${"M".repeat(26)}.Gabcde.${"x".repeat(38)}`,
  ];
  for (const token of tokens) log.info(`got ${token}`);
  for (const token of tokens) expect(text()).not.toContain(token);
});

test("a user name and password in an address are removed, and the rest of it stays", () => {
  const { log, text } = capture();
  log.warn("failed: https://ann:p%40ss@slack.example/api/ and http://s3cret@[::1]:9/x?y=a@b");
  log.warn({ url: "wss://ann:s3cret@host" }, "closed");
  expect(text()).not.toMatch(/ann|p%40ss|s3cret/);
  expect(text()).toContain(
    "https://[redacted]@slack.example/api/ and http://[redacted]@[::1]:9/x?y=a@b",
  );
});

test("fields that contain credentials or text are redacted", () => {
  const { log, text } = capture();
  log.info({ content: "hello", request: { body: "hello", headers: "hello" }, text: "hello" }, "x");
  expect(text()).not.toContain("hello");
});

test("an error of a library is logged without its text, and with its stack", () => {
  const { log, text } = capture();
  log.error({ err: new TypeError('Value: "what somebody wrote"', { cause: new Error("wrote") }) });
  log.warn(new TypeError("wrote"));
  log.warn({ err: new TypeError("wrote") }, "own message");
  expect(text()).toContain("TypeError");
  expect(text()).toContain("own message");
  expect(text()).toContain("log.test.ts");
  expect(text()).not.toContain("wrote");
});

test("our own errors keep their text and the step that fixes them", () => {
  const { log, text } = capture();
  log.error({ err: new FatalError("AUTH", "refused", "set the key") });
  log.error({
    err: new PlatformError({
      code: "50013",
      reason: "may not post",
      retryable: false,
      certain: true,
    }),
  });
  // The stack of an error that an admin fixes would look like a crash.
  expect(
    text()
      .split("\n")
      .map((line) => line.includes('"at":')),
  ).toEqual([false, true, false]);
  expect(text()).toContain("set the key");
  expect(text()).toContain("may not post");
  expect(text()).toContain("50013");
});

test("a line about a mapping names its channel, as the platform and the admin know it", () => {
  const { log, text } = capture();
  log.info({ mappingId: "m1" }, "before");
  nameChannels([{ mappingId: "m1", externalId: "C0123456789" }]);
  log.child({ platform: "slack" }).info({ mappingId: "m1", recovered: 2 }, "caught up");
  log.info({ mappingId: "m2" }, "another");
  const [before, named, another] = text()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  expect(before).not.toHaveProperty("channel");
  expect(named).toMatchObject({
    platform: "slack",
    channel: "C0123456789",
    mappingId: "m1",
    recovered: 2,
    msg: "caught up",
  });
  expect(another).not.toHaveProperty("channel");
});

test("on a terminal a line shows time, level, place, message, and then the details", () => {
  const { log, text } = capture(["s3cret-value"]);
  nameChannels([
    { mappingId: "m3", externalId: "C9" },
    { mappingId: "m4", externalId: "C10", externalName: "help\u001B[2J" },
  ]);
  const slack = log.child({ platform: "slack" });
  slack.warn({ mappingId: "m3", code: "is_archived", token: "s3cret-value" }, "not posted");
  slack.info({ mappingId: "m4" }, "a reply is posted");
  slack.info("Slack socket open");
  log.info("discord: on");
  const shown = text().trim().split("\n").map(readableLines(false)).join("");
  expect(shown.replaceAll(/\d\d:\d\d:\d\d/g, "TIME")).toBe(
    [
      '[TIME] WARN: slack C9: not posted {"code":"is_archived","token":"[redacted]"}',
      "[TIME] INFO: slack #help [2J: a reply is posted",
      "[TIME] INFO: slack: Slack socket open",
      "[TIME] INFO: discord: on",
      "",
    ].join("\n"),
  );
});
