import { dirname, relative, resolve, sep } from "node:path";

/*
 * Which folder may import what. A file belongs to the first zone whose prefix it starts with. `allow` lists
 * what it may import of this repository besides itself; `packages` refuses packages by their beginning.
 */
const anyPlatformPackage = ["discord.js", "@discordjs/", "discord-api-types", "@slack/"];
const sharedWithBridges = [
  "convex/_generated/",
  "convex/model/access/issuers.ts",
  "convex/model/shared/positions.ts",
];

const zones = [
  { prefix: "convex/", allow: ["convex/"], packages: ["node:", ...anyPlatformPackage] },
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

/** An ESLint rule. Tests may import anything, so it is not asked about them. */
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
      const target = refused(zone, source.value, context);
      if (target === undefined) return;
      context.report({ node: source, messageId: "crossed", data: { zone: zone.prefix, target } });
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

function refused(zone, specifier, context) {
  if (!specifier.startsWith(".")) {
    return zone.packages.some((start) => specifier.startsWith(start)) ? specifier : undefined;
  }
  const target = inRepository(context.cwd, resolve(dirname(context.filename), specifier));
  return zone.allow.some((start) => target.startsWith(start)) ? undefined : target;
}

function inRepository(root, path) {
  return relative(root, path).split(sep).join("/");
}
