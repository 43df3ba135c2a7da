/** Messages that reached nobody: counted, and told to whoever watches. */
import { describe, expect, it } from "vitest";
import { type DeadLetter, DeadLetters } from "./dead-letters.ts";
import { Watchers } from "./events.ts";

function make(): { letters: DeadLetters; faults: unknown[] } {
  const faults: unknown[] = [];
  const watchers = new Watchers<DeadLetter>((fault) => faults.push(fault));
  return { letters: new DeadLetters(watchers, () => 1_500), faults };
}

describe("dead letters", () => {
  it("are counted by reason and in all, also when nobody watches [S2.55]", () => {
    const { letters } = make();
    letters.add(null, "{h|0x00001}", "a", "not_found");
    letters.add(null, "{h|0x00001}", "a", "not_found");
    letters.add(null, "{h|0x00001}", "a", "mailbox_full");
    expect(letters.count()).toBe(3);
    expect(letters.count("not_found")).toBe(2);
    expect(letters.count("mailbox_full")).toBe(1);
    expect(letters.count("exited_unread")).toBe(0);
    expect(letters.count("no such reason")).toBe(0);
  });

  it("say when, from whom, to whom, which topic and why [S2.53]", () => {
    const { letters } = make();
    const seen: DeadLetter[] = [];
    letters.watch((letter) => seen.push(letter));
    letters.add("{h|0x00002}", "somebody", "topic", "not_found");
    expect(seen).toEqual([{ at: 1.5, from: "{h|0x00002}", to: "somebody", topic: "topic", reason: "not_found" }]);
  });

  it("reach every watcher until it stops, and a watcher that throws harms nobody [S2.55]", () => {
    const { letters, faults } = make();
    const seen: string[] = [];
    const fault = new Error("watcher");
    letters.watch(() => {
      throw fault;
    });
    const stop = letters.watch(({ topic }) => seen.push(topic));
    letters.add(null, "x", "one", "not_found");
    stop();
    stop();
    letters.add(null, "x", "two", "not_found");
    expect(seen).toEqual(["one"]);
    expect(faults).toEqual([fault, fault]);
    expect(letters.count()).toBe(2);
  });

  it("reach a function twice that watches twice", () => {
    const { letters } = make();
    let told = 0;
    const listener = () => void told++;
    const stop = letters.watch(listener);
    letters.watch(listener);
    letters.add(null, "x", "a", "not_found");
    stop();
    letters.add(null, "x", "a", "not_found");
    expect(told).toBe(3);
  });
});
