import { dirname, relative, resolve, sep } from "node:path";

/*
 * Which folder may import which. A file belongs to the first zone whose prefix its path starts with. `allow` lists
 * what it may import from this repository; `packages` lists the beginnings of packages that it may not import.
 */
const anyPlatformPackage = ["discord.js", "@discordjs/", "discord-api-types", "@slack/"];
const sharedWithBridges = [
  "convex/_generated/",
  "convex/model/access/issuers.ts",
  "convex/model/files/wanted.ts",
  "convex/model/shared/positions.ts",
  "convex/model/shared/text.ts",
];

const zones = [
  { prefix: "convex/", allow: ["convex/"], packages: ["node:", ...anyPlatformPackage] },
  // Configuration can parse signing keys. The core and the platforms are given their settings.
  {
    prefix: "bridges/config/",
    allow: ["bridges/config/", "bridges/core/convex/token.ts"],
    packages: anyPlatformPackage,
  },
  {
    prefix: "bridges/core/",
    allow: ["bridges/core/", "bridges/platform.ts", ...sharedWithBridges],
    packages: anyPlatformPackage,
  },
  {
    prefix: "bridges/discord/",
    allow: ["bridges/discord/", "bridges/core/", "bridges/platform.ts", ...sharedWithBridges],
    packages: ["@slack/"],
  },
  {
    prefix: "bridges/slack/",
    allow: ["bridges/slack/", "bridges/core/", "bridges/platform.ts", ...sharedWithBridges],
    packages: ["discord.js", "@discordjs/", "discord-api-types"],
  },
  { prefix: "bridges/", allow: ["bridges/", ...sharedWithBridges], packages: anyPlatformPackage },
  // Measures the adapters' own functions.
  {
    prefix: "scripts/verify/bench/hostile/",
    allow: ["scripts/verify/bench/", "bridges/"],
    packages: [],
  },
  {
    prefix: "scripts/",
    allow: [
      "scripts/",
      "convex/",
      "bridges/config/",
      "bridges/core/",
      "bridges/discord/failures.ts",
      "bridges/slack/failures.ts",
      "bridges/main.ts",
      "bridges/platform.ts",
    ],
    packages: [],
  },
];

/*
 * The layers of each area, from the inside out: a layer may import the layers listed for it and no other file of its
 * area. Layers that are not listed, and files beside the layers, may import any layer.
 */
const layers = [
  ...layersOf("bridges/core/", {
    shared: [],
    markdown: [],
    convex: ["shared"],
    ops: ["shared", "convex"],
    ingest: ["shared", "convex", "ops"],
    files: ["shared", "convex", "ops"],
    outbox: ["shared", "convex", "ops", "files", "markdown/plain_text.ts"],
    catch_up: ["shared", "convex", "ops", "ingest"],
  }),
  ...layersOf("convex/model/", {
    shared: [],
    rows: ["shared"],
    reactions: ["shared", "rows"],
    access: ["shared"],
    outbox: ["shared", "rows", "files/wanted.ts"],
    relay: ["shared", "rows", "outbox", "files/wanted.ts", "files/awaited.ts"],
    replies: ["shared", "rows", "outbox", "relay", "files/wanted.ts", "files/awaited.ts"],
    files: ["shared", "rows", "outbox", "relay", "replies"],
    ingest: ["shared", "rows", "access", "outbox", "reactions", "relay", "replies", "files"],
  }),
  ...layersOf("scripts/", {
    tooling: [],
    stand_ins: ["tooling", "compile.mjs"],
    verify: ["tooling", "stand_ins"],
    playground: ["tooling", "stand_ins"],
    // `channels` finds a running playground.
    cli: ["tooling", "playground"],
  }),
];

/** An adapter assembles its folders, so none of them may import it. */
const adapters = ["bridges/discord/adapter.ts", "bridges/slack/adapter.ts"];
const adapterImporters = ["bridges/main.ts", ...adapters];

function layersOf(area, allowed) {
  return Object.entries(allowed).map(([layer, inner]) => ({
    area,
    prefix: `${area}${layer}/`,
    allow: [`${layer}/`, ...inner.map((name) => (name.includes(".") ? name : `${name}/`))].map(
      (name) => area + name,
    ),
  }));
}

/** An ESLint rule. It is turned off for tests, which may import anything. */
export const boundaries = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      crossed: "{{zone}} may not import {{target}} (see scripts/tooling/lint/boundaries.js).",
    },
  },
  create(context) {
    const file = inRepository(context.cwd, context.filename);
    const zone = zones.find(({ prefix }) => file.startsWith(prefix));
    if (zone === undefined) return {};
    const check = (source) => {
      if (typeof source?.value !== "string") return;
      const crossed = crossing(zone, file, source.value, context);
      if (crossed) context.report({ node: source, messageId: "crossed", data: crossed });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
    };
  },
};

/** The boundary that an import crosses; undefined if it crosses none. */
function crossing(zone, file, specifier, context) {
  const isIn = (path, prefixes) => prefixes.some((prefix) => path.startsWith(prefix));
  if (!specifier.startsWith(".")) {
    return isIn(specifier, zone.packages) ? { zone: zone.prefix, target: specifier } : undefined;
  }
  const target = inRepository(context.cwd, resolve(dirname(context.filename), specifier));
  if (!isIn(target, zone.allow)) return { zone: zone.prefix, target };
  const layer = layers.find(({ prefix }) => file.startsWith(prefix));
  if (layer && target.startsWith(layer.area) && !isIn(target, layer.allow)) {
    return { zone: layer.prefix, target };
  }
  if (adapters.includes(target) && !adapterImporters.includes(file)) return { zone: file, target };
  return undefined;
}

function inRepository(root, path) {
  return relative(root, path).split(sep).join("/");
}
