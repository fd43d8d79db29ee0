/** What was done can be taken back for eight seconds that somebody could see. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { notice, noticeHeld, offerUndoWith, tell, undoLast } from "@/state/notices";

const after = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000);
let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  hidden = false;
});

describe("a notice", () => {
  it("goes after eight seconds, and a new one begins anew", () => {
    tell("first");
    after(5);
    tell("second");
    after(5);
    expect(notice.value?.text).toBe("second");
    after(3);
    expect(notice.value).toBeNull();
  });

  it("stays while the pointer rests on it, and while nobody sees the page", () => {
    offerUndoWith("moved", async () => {});
    noticeHeld.value = true;
    after(60);
    noticeHeld.value = false;
    hidden = true;
    after(60);
    hidden = false;
    after(7);
    expect(notice.value?.text).toBe("moved");
    after(1);
    expect(notice.value).toBeNull();
  });

  it("takes back once", async () => {
    const undo = vi.fn(async () => {});
    offerUndoWith("moved", undo);
    await Promise.all([undoLast(), undoLast()]);
    expect([undo.mock.calls.length, notice.value]).toEqual([1, null]);
  });
});
