/**
 * How the tests run. Sources are loaded as TypeScript, so no build is needed for unit tests;
 * `beamish` and `beamish/testing` mean the sources of this checkout, as they do in tsconfig.test.json.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const inTree = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Node 20 does not know `using`; lower targets make spread and private fields many times slower.
  oxc: { target: "es2022" },
  resolve: {
    alias: [
      { find: /^beamish$/, replacement: inTree("./src/index.ts") },
      { find: /^beamish\/testing$/, replacement: inTree("./src/testing/index.ts") },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    pool: "threads",
    testTimeout: 20_000,
  },
});
