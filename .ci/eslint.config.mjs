// The JavaScript and CSS of the pages' components. npx installs ESLint and its plugins outside of
// the checkout, so they are looked up from where ESLint itself runs.
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";

const find = createRequire(realpathSync(process.argv[1]));
const js = find("@eslint/js");
const css = find("@eslint/css").default;
const globals = find("globals");

// one script in several files, which `register_component` joins: what one declares, others use
const inside = "pages/parts/shared/inside";
const joined = readdirSync(inside).filter((name) => name.endsWith(".js"))
  .flatMap((name) => [...readFileSync(`${inside}/${name}`, "utf-8")
    .matchAll(/^(?:async )?(?:const|let|function) (\w+)/gm)].map((found) => found[1]));

const shared = { el: "readonly", keyOf: "readonly" }; // component.js

export default [
  {
    files: ["**/*.js", "**/*.mjs"],
    ...js.configs.recommended,
    languageOptions: { globals: { ...globals.browser, ...shared } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...js.configs.recommended.rules,
      eqeqeq: "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: [`${inside}/*.js`],
    languageOptions: { globals: Object.fromEntries(joined.map((name) => [name, "readonly"])) },
    rules: { "no-unused-vars": ["error", { varsIgnorePattern: `^(${joined.join("|")})$` }] },
  },
  {
    files: ["pages/parts/shared/components/component.js"],
    rules: { "no-unused-vars": "off" },
  },
  {
    files: ["**/*.css"],
    plugins: { css },
    language: "css/css",
    rules: {
      ...css.configs.recommended.rules,
      // Streamlit's own variables come from its theme
      "css/no-invalid-properties": ["error", { allowUnknownVariables: true }],
      "css/use-baseline": ["error", {
        available: "newly",
        allowProperties: ["accent-color"], // where a browser has none, a box has its own colour
      }],
    },
  },
];
