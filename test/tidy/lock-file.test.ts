/** package-lock.json works on every machine: for each platform, from the public registry, with the versions of package.json. */
import { expect, it } from "vitest";
import { read } from "./source-tree.ts";

interface Entry {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const packages: Record<string, Entry> = JSON.parse(read("package-lock.json")).packages;

it("the lock file lists the builds for all platforms, else run node scripts/complete-lock.mjs", () => {
  const wanted = Object.values(packages).flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
});

it("the lock file names no registry but the public one", () => {
  const places = Object.values(packages).flatMap(({ resolved }) => (resolved === undefined ? [] : [resolved]));
  expect(places.filter((place) => !place.startsWith("https://registry.npmjs.org/"))).toEqual([]);
});

it("the lock file and package.json ask for the same", () => {
  const { dependencies, devDependencies } = JSON.parse(read("package.json"));
  expect([packages[""]?.dependencies, packages[""]?.devDependencies]).toEqual([dependencies, devDependencies]);
});
