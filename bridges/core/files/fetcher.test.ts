import { createHash } from "node:crypto";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import type { Attachment, FileRef, Mapping, Outcome, Trouble } from "../../platform.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { image } from "../../../test/support/files/material.ts";
import { deleteEvent, MAPPING, messageEvent } from "../../../test/support/core_material.ts";
import type { FileFacts, FilesBackend } from "../convex/files_backend.ts";
import { PlatformError } from "../shared/errors.ts";
import { FileFetcher, type FileLimits } from "./fetcher.ts";

const CAT = image("cat.png");
const running: FileFetcher[] = [];

afterEach(() => {
  for (const fetcher of running.splice(0)) fetcher.stop();
});

const attached = (id: string, fields: Partial<Attachment> = {}): Attachment => ({
  ...{ id, name: `${id}.png`, type: "image/png", size: 64, url: `https://files.test/${id}` },
  ...fields,
});

/** A fetcher between a platform that serves `CAT` and a backend that records. */
function setUp({
  files = "images",
  ...limits
}: Partial<FileLimits> & { files?: Mapping["files"] } = {}) {
  const calls: string[] = [];
  const troubles: Trouble[] = [];
  const lines: string[] = [];
  const facts: FileFacts[] = [];
  let answer: (id: string, signal: AbortSignal) => Promise<Uint8Array[]> = async () => [CAT.bytes];
  let address: string | null = "https://upload.test/secret";
  let lost = 0;
  let reporting = () => Promise.resolve();
  let isAway = false;
  const idOf = ({ attachment }: FileRef) => attachment.id;
  const backend: FilesBackend = {
    announce: async (file, given) => {
      calls.push(`announce ${idOf(file)}`);
      if (isAway) throw new Error("away");
      facts.push(given);
      return address;
    },
    upload: async () => {
      calls.push("upload");
      if (lost-- > 0) throw new Error("the answer was lost");
      // Only Convex makes such ids.
      return "storage1" as Awaited<ReturnType<FilesBackend["upload"]>>;
    },
    attach: async (file) => {
      calls.push(`attach ${idOf(file)}`);
      return "held";
    },
    unavailable: async (file) => {
      calls.push(`unavailable ${idOf(file)}`);
      await reporting();
      if (isAway) throw new Error("away");
    },
  };
  const download = async ({ attachment }: FileRef, signal: AbortSignal) => {
    calls.push(`download ${attachment.id}`);
    const chunks = await answer(attachment.id, signal);
    return (async function* () {
      yield* chunks;
    })();
  };
  const fetcher = new FileFetcher({
    platform: { download },
    backend,
    log: pino({ level: "trace" }, { write: (line: string) => lines.push(line) }),
    onTrouble: (_, trouble) => troubles.push(trouble),
    limits: { retry: { first: 1, cap: 1 }, ...limits },
  });
  running.push(fetcher);
  fetcher.setMappings([{ mappingId: MAPPING, externalId: "C1", since: "", files }]);
  const store = (ids: string[], outcome: Outcome = "inserted", isHistory = false) =>
    fetcher.stored(
      messageEvent("1", { attachments: ids.map((id) => attached(id)) }),
      outcome,
      isHistory,
    );
  return {
    ...{ fetcher, calls, troubles, lines, facts, store },
    serve: (next: typeof answer) => (answer = next),
    answerAnnouncement: (next: string | null) => (address = next),
    setAway: (away: boolean) => (isAway = away),
    delayReports: (next: typeof reporting) => (reporting = next),
    loseUploads: (count: number) => (lost = count),
  };
}

test("a stored message's image costs three calls, with what its bytes are", async () => {
  const { store, calls, facts } = setUp();
  store(["f1"]);
  const all = ["download f1", "announce f1", "upload", "attach f1"];
  await eventually(() => expect(calls).toEqual(all));
  const sha256 = createHash("sha256").update(CAT.bytes).digest("hex");
  expect(facts).toEqual([{ sha256, size: 64, type: "image/png" }]);
});

test.each([
  ["asked", false, 1],
  ["edited", false, 1],
  ["known", true, 1],
  ["known", false, 0],
  ["ignored", true, 0],
  ["inactive", false, 0],
] as const)(
  "of a message that is %s (from history: %s), %i files are fetched",
  async (outcome, isHistory, count) => {
    const { store, calls, fetcher } = setUp();
    store(["f1"], outcome, isHistory);
    fetcher.stored(deleteEvent("1"), "deleted", false);
    await eventually(() =>
      expect(calls.filter((call) => call.startsWith("download"))).toHaveLength(count),
    );
  },
);

test("a file is fetched once, however often its message is edited", async () => {
  const { store, calls } = setUp();
  store(["f1"]);
  store(["f1"], "edited");
  await eventually(() => expect(calls).toHaveLength(4));
  store(["f1", "f2"], "edited");
  await eventually(() => expect(calls).toHaveLength(8));
  expect(calls.filter((call) => call === "download f1")).toHaveLength(1);
});

test("nothing is uploaded of a file that is not wanted any more", async () => {
  const { store, calls, answerAnnouncement } = setUp();
  answerAnnouncement(null);
  store(["f1"]);
  await eventually(() => expect(calls).toEqual(["download f1", "announce f1"]));
});

test("an upload whose answer is lost is made again, and after three attempts the file is given up", async () => {
  const { store, calls, loseUploads } = setUp();
  loseUploads(1);
  store(["f1"]);
  const attempt = ["download f1", "announce f1", "upload"];
  await eventually(() => expect(calls).toEqual([...attempt, ...attempt, "attach f1"]));
  calls.length = 0;
  loseUploads(9);
  store(["f2"]);
  await eventually(() => expect(calls.at(-1)).toBe("unavailable f2"));
  expect(calls.filter((call) => call === "upload")).toHaveLength(3);
});

const page = Buffer.from("\n<!DOCTYPE html><html><title>Sign in</title>");

test.each([
  [
    "larger than announced",
    "images",
    attached("f1"),
    [new Uint8Array(6e6), new Uint8Array(6e6)],
    "too_large",
  ],
  ["a login page", "images", attached("f1"), [page], "html"],
  ["a page in place of a text", "all", attached("f1", { type: "text/plain" }), [page], "html"],
  ["no image", "all", attached("f1"), [Buffer.from("%PDF-1.7")], "no_image"],
  ["no image", "images", attached("f1"), [Buffer.from("%PDF-1.7")], "no_image"],
] as const)(
  "a file that turns out to be %s (%s) is given up at once",
  async (_, files, attachment, chunks, code) => {
    const { fetcher, calls, lines, serve } = setUp({ files });
    serve(async () => [...chunks]);
    fetcher.stored(messageEvent("1", { attachments: [attachment] }), "inserted", false);
    await eventually(() => expect(calls).toEqual(["download f1", "unavailable f1"]));
    expect(lines.join("")).toContain(`"code":"${code}"`);
  },
);

test.each([
  ["text/plain; charset=utf-8", "text/plain"],
  ["text/html", "text/html"],
  ["IMAGE/SVG+XML", "image/svg+xml"],
  ["evil\r\nheader: 1", "application/octet-stream"],
  [undefined, "application/octet-stream"],
])("where all files are wanted, one of type %j is stored as %s", async (type, stored) => {
  const { fetcher, facts, serve } = setUp({ files: "all" });
  serve(async () => [type === "text/html" ? page : Buffer.from("hello")]);
  const { type: _, ...untyped } = attached("f1");
  const attachment = { ...untyped, ...(type !== undefined && { type }) };
  fetcher.stored(messageEvent("1", { attachments: [attachment] }), "inserted", false);
  await eventually(() => expect(facts.map((each) => each.type)).toEqual([stored]));
});

test("three files are fetched at a time, and of too many the oldest that wait are given up", async () => {
  const { store, calls, serve } = setUp({ waiting: 2 });
  serve(() => new Promise(() => undefined));
  store(["f1", "f2", "f3", "f4", "f5", "f6", "f7"]);
  const downloads = ["download f1", "download f2", "download f3"];
  await eventually(() =>
    expect(calls.toSorted()).toEqual([...downloads, "unavailable f4", "unavailable f5"]),
  );
});

test("an attempt that takes too long ends", async () => {
  const { store, calls, serve } = setUp({ attemptMs: 20 });
  serve(
    (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error("aborted"))),
      ),
  );
  store(["f1"]);
  await eventually(() =>
    expect(calls).toEqual(["download f1", "download f1", "download f1", "unavailable f1"]),
  );
});

test("what is refused for the whole mapping becomes its trouble; a stop drops what is under way and reports nothing", async () => {
  const { store, calls, troubles, serve, fetcher } = setUp();
  const refusal = { code: "missing_scope", reason: "no scope", step: "add it" };
  const error = new PlatformError({ ...refusal, retryable: false, certain: true, mapping: true });
  serve(() => Promise.reject(error));
  store(["f1"]);
  await eventually(() => expect(calls.at(-1)).toBe("unavailable f1"));
  expect(troubles).toEqual([refusal]);
  serve(
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(error))),
  );
  store(["f2"]);
  await eventually(() => expect(calls.at(-1)).toBe("download f2"));
  fetcher.stop();
  store(["f3"]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(calls.at(-1)).toBe("download f2");
});

test("no address and no name of a file reaches the log", async () => {
  const { store, lines, calls, loseUploads } = setUp();
  loseUploads(9);
  store(["f1"]);
  await eventually(() => expect(calls.at(-1)).toBe("unavailable f1"));
  await eventually(() => expect(lines.join("")).toContain("cannot be fetched"));
  expect(lines.join("")).not.toMatch(/https:|secret|\.png/);
});

test("a file that was fetched is fetched again for a message that is stored anew, as after a purge", async () => {
  const { store, calls } = setUp();
  store(["f1"]);
  await eventually(() => expect(calls).toHaveLength(4));
  store(["f1"], "inserted", true);
  await eventually(() => expect(calls).toHaveLength(8));
});

test("a file that was given up while Convex was away is fetched when a catch-up offers it again", async () => {
  const { store, calls, setAway } = setUp();
  setAway(true);
  store(["f1"]);
  await eventually(() => expect(calls.at(-1)).toBe("unavailable f1"));
  setAway(false);
  await new Promise((resolve) => setTimeout(resolve, 5));
  store(["f1"], "known", true);
  await eventually(() => expect(calls.at(-1)).toBe("attach f1"));
});

test("of very many files that are given up at once only some are reported: the others are offered again", async () => {
  const { store, calls, serve, delayReports } = setUp({ waiting: 2, reports: 3 });
  serve(() => new Promise(() => undefined));
  delayReports(() => new Promise(() => undefined));
  store(Array.from({ length: 30 }, (_, n) => `f${n}`));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(calls.filter((call) => call.startsWith("unavailable"))).toHaveLength(3);
});
