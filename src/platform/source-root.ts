/**
 * The folder an application is read from: which files in it may contain entries, and which file a `file://` means.
 * Nothing outside the folder is ever read, not even through a symbolic link.
 */
import { readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

const ENTRY_FILE = /\.(yaml|yml|json)$/i;

/** Why a `file://` could not be followed; the message says so. */
export class UnreachableFile extends Error {}

/** The folder an application is read from. */
export class SourceRoot {
  /** The folder, absolute, as it was given. */
  readonly path: string;
  readonly #realPath: string;

  /** Throws what the file system throws when there is no such folder. */
  constructor(path: string) {
    this.path = resolve(path);
    this.#realPath = realpathSync(this.path);
  }

  /**
   * All files that may contain entries (S13.1), absolute, sorted. Folders named `node_modules` or beginning with a dot
   * are skipped, links to folders are not followed, and a link to a file counts if the file lies in the root.
   */
  entryFiles(): string[] {
    const files: string[] = [];
    const folders = [this.path];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const item of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, item.name);
        if (item.isDirectory()) {
          if (item.name !== "node_modules" && !item.name.startsWith(".")) folders.push(path);
        } else if (ENTRY_FILE.test(item.name) && (item.isFile() || this.#isLinkedFile(path))) {
          files.push(path);
        }
      }
    }
    return files.sort();
  }

  /**
   * The absolute path that the part behind `file://` means (S13.12): relative to the file it stands in, with a leading
   * slash relative to the root. Throws {@link UnreachableFile} when it leaves the root, does not exist or is no file.
   */
  locate(reference: string, from: string): string {
    const path = reference.startsWith("/") ? join(this.path, reference) : resolve(dirname(from), reference);
    if (!isWithin(path, this.path)) throw new UnreachableFile("leaves the source root");
    const realPath = attempt(() => realpathSync(path));
    if (realPath === null) throw new UnreachableFile("does not exist");
    if (!isWithin(realPath, this.#realPath)) throw new UnreachableFile("is a link that leaves the source root");
    if (!statSync(realPath).isFile()) throw new UnreachableFile("is no file");
    return path;
  }

  #isLinkedFile(path: string): boolean {
    const realPath = attempt(() => realpathSync(path));
    return realPath !== null && isWithin(realPath, this.#realPath) && statSync(realPath).isFile();
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
