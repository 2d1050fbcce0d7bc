import js from "@eslint/js"
import globals from "globals"

export default [
  { ignores: [".venv/", "workspace/", "out/", "**/dist/"] },
  js.configs.recommended,
  {
    files: ["ui/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      complexity: ["error", 8],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", 60],
      "max-params": ["error", 5],
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["**/*.test.js", "**/build.js", "*.js"],
    languageOptions: { globals: globals.node },
  },
]
