// Tests of the folder with compiled modules: whatever happens to it, an answer is right or none.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CompiledCache, compilerVersion, defaultCacheFolder } from "./compiled-cache.ts";

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "compiled-cache-"));
  folder = join(home, "deep", "beamish");
});
afterEach(() => rmSync(home, { recursive: true }));

const open = (version = "1") => new CompiledCache({ folder, version });

describe("the cache of compiled modules", () => {
  it("gives what was put, to others too, and nothing for another source, kind, URL or compiler", () => {
    const cache = open();
    const key = cache.key("lowered", "file:///a.ts", "source");
    expect(cache.get(key)).toBeNull();
    cache.put(key, "compiled 😀\nlines");
    expect(open().get(open().key("lowered", "file:///a.ts", "source"))).toBe("compiled 😀\nlines");
    const others = [
      open().key("lowered", "file:///a.ts", "other"),
      open().key("erased", "file:///a.ts", "source"),
      open().key("lowered", "file:///b.ts", "source"),
      open("2").key("lowered", "file:///a.ts", "source"),
    ];
    expect(others.map((other) => cache.get(other))).toEqual([null, null, null, null]);
    expect(readdirSync(folder)).toEqual([`${key}.js`]);
  });

  it("does without a file that is damaged, and without a folder that is deleted or cannot be made", () => {
    const cache = open();
    const key = cache.key("x");
    cache.put(key, "compiled");
    const [name] = readdirSync(folder);
    const path = join(folder, name as string);
    writeFileSync(path, readFileSync(path, "utf8").slice(0, -1));
    expect(cache.get(key)).toBeNull();
    writeFileSync(path, "");
    expect(cache.get(key)).toBeNull();
    cache.put(key, "again");
    expect(cache.get(key)).toBe("again");
    rmSync(folder, { recursive: true });
    expect(cache.get(key)).toBeNull();
    cache.put(key, "again");
    expect(cache.get(key)).toBe("again");

    writeFileSync(join(home, "file"), "");
    const nowhere = new CompiledCache({ folder: join(home, "file", "beamish"), version: "1" });
    nowhere.put(key, "compiled");
    expect(nowhere.get(key)).toBeNull();
  });

  it("removes what is old, and only what is its own", () => {
    const old = open();
    old.put(old.key("old"), "old");
    const path = join(folder, readdirSync(folder)[0] as string);
    utimesSync(path, 1_000, 1_000);
    writeFileSync(join(folder, "somebody's.js"), "");
    utimesSync(join(folder, "somebody's.js"), 1_000, 1_000);
    const cache = open();
    cache.put(cache.key("new"), "new");
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it("is where the environment says", () => {
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "/x" })).toBe("/x/beamish");
    expect(defaultCacheFolder({ XDG_CACHE_HOME: "relative" })).toMatch(/\.cache\/beamish$/);
    expect(defaultCacheFolder({})).toMatch(/\.cache\/beamish$/);
    expect(defaultCacheFolder({ BEAMISH_CACHE: "off", XDG_CACHE_HOME: "/x" })).toBeNull();
    expect(compilerVersion()).toContain("oxc-parser");
  });
});
