/**
 * How the tests run. Sources are loaded as TypeScript, so no build is needed for unit tests;
 * `beamish` and `beamish/testing` mean the sources of this checkout, as they do in tsconfig.test.json.
 *
 * Two projects: `native` runs everything as it is written. `lowered` runs once more what is about processes, with the
 * `async` functions of the test files lowered as the loader lowers those of an application, so that the same programs have
 * to give the same answers (S16.54).
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { defineConfig, type Plugin } from "vitest/config";
import { lower } from "./src/platform/lowering.ts";
import { mayHaveAsync } from "./src/platform/module-compiler.ts";
import { withNamedDriver } from "./test/support/named-driver.ts";

const inTree = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Lowers the files below test/, as module-compiler.ts does those of an application. */
const lowering: Plugin = {
  name: "beamish-lowering",
  enforce: "post",
  transform(code, id) {
    const [file = ""] = id.split("?");
    if (!file.startsWith(inTree("./test/")) || !mayHaveAsync(code)) return null;
    const lowered = lower(code, pathToFileURL(file).href);
    if (lowered === null) return null;
    // Names of the module and no imports, for which Vite would write something else where they are used.
    const named = withNamedDriver(lowered.code, "$b", 'import * as $b from "beamish:lowered-code"; ');
    return { code: named, map: JSON.parse(JSON.stringify(lowered.map)) };
  },
};

const shared = {
  // Node 20 does not know `using`; lower targets make spread and private fields many times slower.
  oxc: { target: "es2022" },
  resolve: {
    alias: [
      { find: /^beamish$/, replacement: inTree("./src/index.ts") },
      { find: /^beamish\/testing$/, replacement: inTree("./src/testing/index.ts") },
      { find: /^beamish:lowered-code$/, replacement: inTree("./src/engines/typescript/lowered-code.ts") },
    ],
  },
};

export default defineConfig({
  test: {
    pool: "threads",
    projects: [
      {
        ...shared,
        test: {
          name: "native",
          testTimeout: 20_000,
          include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["test/lowered/**"],
        },
      },
      {
        ...shared,
        plugins: [lowering],
        test: {
          name: "lowered",
          testTimeout: 20_000,
          env: { BEAMISH_LOWERED: "yes" },
          include: [
            "test/scenarios/**/*.test.ts",
            "test/lowered/**/*.test.ts",
            "test/simulation/{model,storm}.sim.test.ts",
          ],
          // They start other operating-system processes and nothing of a process themselves.
          exclude: ["test/scenarios/{cli,flights,stack-traces,tenants}.test.ts"],
        },
      },
    ],
  },
});
