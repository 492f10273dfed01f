// Builds dist/: scripts and one style sheet named by their content, and the index.html that names the first of them.
// The server gives dist/ under /page/, and index.html at /.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";

// Built aside and then moved: a build that fails leaves the page of before.
const OUT = "node_modules/.page";

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const { metafile } = await build({
  entryPoints: { page: "src/main.tsx", style: "src/styles/page.css" },
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
});
const built = (entry) => {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry);
  if (!found) throw new Error(`esbuild made nothing of ${entry}`);
  return basename(found[0]);
};
const html = (await readFile("src/index.html", "utf8"))
  .replace("%SCRIPT%", `/page/${built("src/main.tsx")}`)
  .replace("%STYLE%", `/page/${built("src/styles/page.css")}`);
await copyFile("src/icon.svg", `${OUT}/icon.svg`);
await writeFile(`${OUT}/index.html`, html);
await rm("dist", { recursive: true, force: true });
await rename(OUT, "dist");
