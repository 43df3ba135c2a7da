/**
 * The Erlang of the comparison: finds it, installs Debian's package where it is missing, compiles the programs.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("./erlang/bench.erl", import.meta.url));

/**
 * Makes Erlang ready. Returns `{ version, directory, remove }`: the text for the machine line, the folder with the
 * compiled programs, and a function that deletes that folder. Throws an Error that says what to do when there is no
 * Erlang and it cannot be installed. `say` gets the progress, line by line.
 */
export function prepareErlang(say) {
  if (!answers("erl", ["-version"])) installErlang(say);
  const directory = mkdtempSync(join(tmpdir(), "beamish-bench-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    execFileSync("erlc", ["-Wall", "-o", directory, SOURCE], { stdio: ["ignore", "pipe", "pipe"] });
    const question =
      'io:format("OTP ~s ~s", [erlang:system_info(otp_release), erlang:system_info(emu_flavor)]), halt().';
    const version = execFileSync("erl", ["-noshell", "-eval", question], { encoding: "utf8" }).trim();
    return { version, directory, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function answers(command, args) {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function installErlang(say) {
  const advice = "Erlang is missing: install it (on Debian: apt-get install erlang-base) or give --no-erlang";
  if (!answers("apt-get", ["--version"])) throw new Error(advice);
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const run = (...command) => {
    const [file, ...args] = [...asRoot, ...command];
    execFileSync(file, args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  };
  say("Erlang is missing: installing Debian's erlang-base with apt-get");
  const install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "erlang-base"];
  try {
    try {
      run(...install);
    } catch {
      say("not in the package lists: updating them and trying once more");
      run("apt-get", "update", "-qq");
      run(...install);
    }
  } catch (error) {
    throw new Error(`${advice} (${error.message})`);
  }
  if (!answers("erl", ["-version"])) throw new Error(advice);
}
