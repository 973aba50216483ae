/** Bundles the page into a folder: index.html and files whose names carry a hash of their content. */

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const WEB = dirname(dirname(fileURLToPath(import.meta.url)));
const ENTRIES = ["src/main.ts", "src/style.css", "src/icon.svg"];

/** @param {string} folder Emptied first. */
export async function bundle(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: WEB,
    entryPoints: ENTRIES,
    outdir: folder,
    entryNames: "assets/[name]-[hash]",
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    charset: "utf8",
    legalComments: "none",
    loader: { ".svg": "copy" },
    metafile: true,
  });
  await writeFile(join(folder, "index.html"), await page(folder, metafile.outputs));
}

async function page(folder, outputs) {
  const template = await readFile(join(WEB, "src/index.html"), "utf8");
  const paths = new Map(
    Object.keys(outputs).map((output) => {
      const path = relative(folder, join(WEB, output)).replaceAll("\\", "/");
      return [basename(path).replace(/-[A-Z0-9]{8}\./, "."), `/${path}`];
    }),
  );
  return template.replaceAll(/\{\{(.+?)\}\}/g, (_, name) => paths.get(name) ?? missing(name));
}

function missing(name) {
  throw new Error(`index.html asks for ${name}, which the build does not make`);
}
