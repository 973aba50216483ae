/** `npm run check`: the committed web/dist is what its source makes. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundle } from "./bundle.mjs";

async function contents(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return new Map(files.map((file, index) => [file.slice(folder.length + 1), texts[index]]));
}

const fresh = await mkdtemp(join(tmpdir(), "shopmesh-web-"));
try {
  await bundle(fresh);
  const [made, committed] = await Promise.all([contents(fresh), contents(resolve("dist"))]);
  const names = [...new Set([...made.keys(), ...committed.keys()])];
  const stale = names.filter((name) => made.get(name) !== committed.get(name));
  if (stale.length > 0) {
    console.error(`web/dist is not what its source makes: ${stale.join(", ")}. Run make web and commit it.`);
    process.exitCode = 1;
  }
} finally {
  await rm(fresh, { recursive: true, force: true });
}
