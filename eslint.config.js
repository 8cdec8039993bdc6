import convexPlugin from "@convex-dev/eslint-plugin";
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";
import { boundaries } from "./scripts/tooling/lint/boundaries.js";

const tests = ["test/**/*.ts", "**/*.test.ts"];

// The environment is read in one place of each program; everything else is given what it needs.
const configuration = [
  "vitest.config.ts",
  "bridges/config/config.ts",
  "convex/auth.config.ts",
  "convex/model/shared/settings.ts",
  "scripts/bootstrap.mjs",
  // Gives a local deployment an environment of its own, as a real one has.
  "scripts/stand_ins/convex/server/server_process.ts",
  "scripts/stand_ins/bridge_main.ts",
  "scripts/stand_ins/bridge_process.ts",
];

const noEnvironment = {
  "no-restricted-properties": [
    "error",
    {
      object: "process",
      property: "env",
      message: "Only configuration files read the environment (see eslint.config.js).",
    },
  ],
  "no-restricted-syntax": [
    "error",
    {
      selector:
        "ImportDeclaration[source.value=/^(node:)?process$/] ImportSpecifier[imported.name='env']",
      message: "Only configuration files read the environment (see eslint.config.js).",
    },
  ],
};

export default defineConfig(
  // `app/` is where docs/apps.md puts an app of one's own.
  { ignores: ["node_modules/", "convex/_generated/", ".convex/", "dist/", "app/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: "tsconfig.lint.json",
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": [
        "error",
        // `import("../module.ts")` as a type says what a module loaded on demand holds.
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      // `async` without `await` turns a throw into a rejection, which is what callers handle.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-empty-function": "off",
      eqeqeq: "error",
      "max-lines": ["error", 300],
    },
  },
  {
    files: ["bridges/**/*.ts", "convex/**/*.ts"],
    ignores: tests,
    // A cast that narrows is a claim nobody checks: write a guard or a schema.
    rules: { "@typescript-eslint/no-unsafe-type-assertion": "error", "no-console": "error" },
  },
  {
    files: tests,
    rules: {
      // vitest's `expect.any` and its kin are `any`.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "max-lines": ["error", 500],
    },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: { console: "readonly", process: "readonly" } },
  },
  { files: ["**/*.{ts,tsx,js,mjs}"], ignores: [...configuration, ...tests], rules: noEnvironment },
  {
    files: ["**/*.{ts,tsx}"],
    ignores: tests,
    plugins: { repository: { rules: { boundaries } } },
    rules: { "repository/boundaries": "error" },
  },
  { files: ["convex/**/*.ts"], ignores: tests, extends: [convexPlugin.configs.recommended] },
  {
    files: ["convex/**/*.ts"],
    ignores: tests,
    rules: {
      "@convex-dev/import-wrong-runtime": "error",
      "@convex-dev/no-collect-in-query": "error",
      "@convex-dev/no-filter-in-query": "error",
      "@convex-dev/no-top-of-hour-crons": "error",
      // Settings are read when they are used, in one file; `noEnvironment` above covers the others.
      "@convex-dev/no-process-env": "off",
    },
  },
  {
    // The CLI refuses to push while one of the variables is unset, so they are never undefined there.
    files: ["convex/auth.config.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
