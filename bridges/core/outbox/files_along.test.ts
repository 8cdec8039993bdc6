import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";
import { deliveryOf } from "../../../test/support/core_material.ts";
import { FakePlatform } from "../../../test/support/outbox_fakes.ts";
import type { Delivery, Piece } from "../../platform.ts";
import type { Settlement } from "../convex/backend.ts";
import { deliver } from "./deliver.ts";
import { EditPace } from "./edit_pace.ts";

const log = pino({ level: "silent" });

let served: Map<string, Buffer>;
let origin: string;
let close: () => void;

beforeEach(async () => {
  served = new Map();
  const server = createServer((request, response) => {
    const bytes = served.get(request.url ?? "");
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // It listens.
  close = () => server.close();
});
afterEach(() => close());

const fileAt = (path: string, size: number) => ({
  ...{ name: path.slice(1), type: "image/png", size, url: origin + path },
});

async function run(fields: Partial<Delivery>) {
  const platform = new FakePlatform();
  const pieces: Piece[] = [];
  const deadlines: number[] = [];
  const post = platform.post.bind(platform);
  platform.post = (delivery, part, piece, signal) => {
    pieces.push(piece);
    return post(delivery, part, piece, signal);
  };
  const settled: Settlement[] = [];
  await deliver({
    ...{
      delivery: deliveryOf("d1", fields),
      platform,
      log,
      postMs: 100,
      filesMs: 900,
      lookAgainMs: 1,
    },
    mayStart: (ms) => deadlines.push(ms) > 0,
    pause: () => Promise.resolve(),
    stopping: new AbortController().signal,
    live: {
      pace: new EditPace(platform.liveEdits),
      shown: new Map<string, string>(),
      watch: () => () => undefined,
      onFollowing: () => undefined,
    },
    settle: async (settlement) => {
      settled.push(settlement);
      return true;
    },
  });
  const files = pieces.map((piece) =>
    piece.files?.map(({ file, bytes }) => `${file.name} ${String(bytes)}`),
  );
  return { platform, files, settled, deadlines };
}

test("files go with the first piece only, which may take longer", async () => {
  served.set("/a", Buffer.from("abc"));
  served.set("/b", Buffer.from("de"));
  const { files, deadlines } = await run({ files: [fileAt("/a", 3), fileAt("/b", 2)] });
  expect(files).toEqual([["a abc", "b de"], undefined, undefined]);
  expect(deadlines).toEqual([900, 100, 100]);
});

test("those that are gone, or not what was said, are left out", async () => {
  served.set("/long", Buffer.from("too long"));
  served.set("/cut", Buffer.from("x"));
  served.set("/ok", Buffer.from("ok"));
  const all = [fileAt("/gone", 3), fileAt("/long", 3), fileAt("/cut", 3), fileAt("/ok", 2)];
  const { files } = await run({ files: all });
  expect(files[0]).toEqual(["ok ok"]);
});

test("one that does not fit beside the others leaves their room to those after it", async () => {
  served.set("/a", Buffer.from("abc"));
  served.set("/b", Buffer.from("de"));
  const { files } = await run({
    files: [fileAt("/a", 3), fileAt("/huge", 25_000_000), fileAt("/b", 2)],
  });
  expect(files[0]).toEqual(["a abc", "b de"]);
});

test("a message that is nothing but files is posted, once", async () => {
  served.set("/a", Buffer.from("abc"));
  const only = { content: "", files: [fileAt("/a", 3)] };
  const first = await run(only);
  expect(first.files).toEqual([["a abc"]]);
  expect(first.settled).toMatchObject([{ kind: "posted", last: true, post: { part: 0 } }]);
  const posts = [{ part: 0, externalId: "p0", upTo: 0 }];
  const again = await run({ content: "", posts });
  expect(again.files).toEqual([]);
  expect(again.settled).toMatchObject([{ kind: "posted", last: true, post: { externalId: "p0" } }]);
});

test("an edit that leaves no text keeps the post for its files, and removes one without", async () => {
  const edit = {
    op: "edit",
    content: "",
    posts: [{ part: 0, externalId: "p0", upTo: 4 }],
  } as const;
  const posts = [...edit.posts];
  expect((await run({ ...edit, posts, hasFiles: true })).platform.did).toEqual(["edit p0 "]);
  expect((await run({ ...edit, posts })).platform.did).toEqual(["remove p0"]);
});
