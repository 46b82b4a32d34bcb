// The JavaScript and CSS of the pages' components. npx installs ESLint and its plugins outside of
// the checkout, so they are looked up from where ESLint itself runs.
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";

const find = createRequire(realpathSync(process.argv[1]));
const js = find("@eslint/js");
const css = find("@eslint/css").default;
const globals = find("globals");

export default [
  {
    files: ["**/*.js", "**/*.mjs"],
    ...js.configs.recommended,
    languageOptions: { globals: { ...globals.browser } },
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
