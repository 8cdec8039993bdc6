import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import schema from "../../convex/schema.ts";
import { readPatch } from "../verify/guards/patch.ts";
import { ROOT } from "./repository.ts";

/* Documents refer only to what exists, and races.md covers every guard. */

const FOLDERS = ["bridges", "convex", "docs", "scripts", "test", ".github"];
const TEXT = /\.(?:tsx?|m?js|md|patch|yml)$/;
const RACES = "docs/races.md";

/** The repository's text files by path, without generated code. */
const texts = new Map<string, string>();
const textOf = (path: string) => texts.get(path) ?? "";
const markdown = () => [...texts].filter(([path]) => path.endsWith(".md"));

beforeAll(async () => {
  const listed = await Promise.all(
    FOLDERS.map((name) => readdir(join(ROOT, name), { recursive: true, withFileTypes: true })),
  );
  const inFolders = listed.flat().filter((entry) => entry.isFile());
  const atRoot = (await readdir(ROOT)).filter((name) => TEXT.test(name));
  const paths = [
    ...inFolders.map(({ parentPath, name }) => relative(ROOT, join(parentPath, name))),
    ...atRoot,
  ].filter((path) => TEXT.test(path) && !path.includes("_generated"));
  await Promise.all(
    paths.map(async (path) => texts.set(path, await readFile(join(ROOT, path), "utf8"))),
  );
});

/** A document without its code, which may look like a link or a heading. */
function proseOf(path: string): string {
  return textOf(path)
    .replace(/^```[^]*?^```/gm, "")
    .replace(/``[^`].*?``|`[^`\n]+`/g, (code) => code.replace(/[\](]/g, " "));
}

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(path: string): Set<string> {
  const headings = [...proseOf(path).matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, heading = ""]) => heading,
  );
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );
}

interface Race {
  readonly heading: string;
  readonly body: string;
}

function races(): Race[] {
  return textOf(RACES)
    .split(/^#{2,3} /m)
    .filter((section) => section.includes("**Rule.**"))
    .map((section) => {
      const [heading = "", ...body] = section.split("\n");
      return { heading, body: body.join("\n") };
    });
}

/** The text in backticks that looks like a path in this repository. */
function pathsIn(text: string): string[] {
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  const path = new RegExp(
    `^(?:${FOLDERS.map((name) => name.replace(".", "\\.")).join("|")})/[\\w./-]*$`,
  );
  return spans.filter((span) => path.test(span) || /^[\w-]+\.(?:md|json)$/.test(span));
}

describe("links", () => {
  test("every relative link in a document leads to a file, and to a heading in it", () => {
    const broken = markdown().flatMap(([from]) =>
      [...proseOf(from).matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([\w-]+))?\)/g)]
        .filter(([, target = "", anchor]) => {
          const path = target === "" ? from : join(dirname(from), target);
          if (!existsSync(join(ROOT, path))) return true;
          return anchor !== undefined && !anchorsOf(path).has(anchor);
        })
        .map(([link]) => `${from}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  test("every race that code or a document links to has a section", () => {
    const anchors = anchorsOf(RACES);
    const broken = [...texts].flatMap(([from, text]) =>
      [...text.matchAll(/races\.md#([\w-]+)/g)]
        .filter(([, anchor = ""]) => !anchors.has(anchor))
        .map(([link]) => `${from}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  test("every path in backticks exists", () => {
    const missing = markdown().flatMap(([from, text]) =>
      pathsIn(text)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${from}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test("every `npm run` in a document is a script", () => {
    const unknown = markdown().flatMap(([from, text]) =>
      [...text.matchAll(/npm run (?:--silent )?([a-z]+)/g)]
        .filter(([, name = ""]) => !(name in manifest.scripts))
        .map(([command]) => `${from}: ${command}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe("races.md", () => {
  test("names a test file for every race, or says that there is none", () => {
    expect(races().length).toBeGreaterThan(40);
    const untested = races().filter(
      ({ body }) => !body.includes(".test.ts`") && !body.includes("- Test: no test"),
    );
    expect(untested.map(({ heading }) => heading)).toEqual([]);
  });

  test("cites every guard patch, beside the file of its test", () => {
    const patches = [...texts].filter(([path]) => path.startsWith("test/guards/"));
    expect(patches.length).toBeGreaterThan(10);
    const uncited = patches.filter(([path, text]) => {
      const { testFile } = readPatch(path, text);
      const sections = races().filter(({ body }) => body.includes(`\`${path}\``));
      return sections.length === 0 || !sections.some(({ body }) => body.includes(testFile));
    });
    expect(uncited.map(([path]) => path)).toEqual([]);
  });

  test("has replaced every bare code: no comment or test name contains one", () => {
    const bare = /(?<![\w\])])\[(?:[A-F]\d{1,2}|[AE])(?:, [A-F]\d{1,2})*\](?!\()/;
    const found = [...texts].flatMap(([path, text]) =>
      text.split("\n").flatMap((line, index) => (bare.test(line) ? [`${path}:${index + 1}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

describe("architecture.md", () => {
  test("says who writes each table", () => {
    const rows = [...textOf("docs/architecture.md").matchAll(/^\| `(\w+)` +\|/gm)];
    const tables = rows.map(([, name = ""]) => name);
    expect(tables.toSorted()).toEqual(Object.keys(schema.tables).toSorted());
  });

  test.each(["deliveries", "replies"] as const)("draws every state of %s", (table) => {
    const heading = table === "deliveries" ? "## A delivery" : "## A reply\n";
    const [, after = ""] = textOf("docs/architecture.md").split(heading);
    const [, diagram = ""] = after.split("```mermaid");
    const [drawing = ""] = diagram.split("```");
    const drawn = new Set([...drawing.matchAll(/--> (\w+)/g)].map(([, state = ""]) => state));
    const { state } = schema.tables[table].validator.fields;
    expect([...drawn].toSorted()).toEqual(state.members.map(({ value }) => value).toSorted());
  });

  test("lists every folder of the backend's model and of the core", async () => {
    const missing: string[] = [];
    for (const parent of ["convex/model", "bridges/core"]) {
      const entries = await readdir(join(ROOT, parent), { withFileTypes: true });
      const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      missing.push(
        ...folders
          .map((name) => `${parent}/${name}/`)
          .filter((path) => !textOf("docs/architecture.md").includes(`| \`${path}\``)),
      );
    }
    expect(missing).toEqual([]);
  });
});
