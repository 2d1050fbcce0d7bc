// Bundles the viewer into dist/; with --check reports instead whether dist/ is current.

import { readFile, writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const here = fileURLToPath(new URL(".", import.meta.url))
const banner = "/* Generated from ui/viewer/frontend by `npm run build`: do not edit. */"

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: { viewer: "main.js", "viewer-css": "styles/main.css" },
  entryNames: "viewer",
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  banner: { js: banner, css: banner },
  write: false,
})

if (process.argv.includes("--check")) {
  for (const { path, text } of outputFiles) {
    if ((await readFile(path, "utf8").catch(() => "")) === text) continue
    console.error(`error: ${path} is not current: run npm run build and commit it`)
    process.exitCode = 1
  }
} else {
  for (const { path, text } of outputFiles) await writeFile(path, text)
}
