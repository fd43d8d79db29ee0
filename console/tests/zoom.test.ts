import { describe, expect, it } from "vitest";
import { kept, moved, WHOLE, zoomAt } from "@/inbox/zoom";

const box = { width: 400, height: 200 };

describe("a picture looked at closely", () => {
  it("keeps what is under the pointer under it", () => {
    const at = { x: 100, y: -50 };
    const before = zoomAt(WHOLE, 2, at, box);
    const after = zoomAt(before, 1.5, at, box);
    const under = (zoom: typeof WHOLE): number[] => [(at.x - zoom.x) / zoom.scale, (at.y - zoom.y) / zoom.scale];
    expect(under(before)).toEqual(under(WHOLE));
    under(after).forEach((value, place) => expect(value).toBeCloseTo(under(before)[place] ?? 0));
  });
  it("is never smaller than whole, nor larger than eight times", () => {
    expect(zoomAt(WHOLE, 0.1, { x: 9, y: 9 }, box)).toEqual(WHOLE);
    expect(zoomAt(WHOLE, 100, { x: 0, y: 0 }, box).scale).toBe(8);
  });
  it("cannot be pushed out of sight, and is in the middle again when whole", () => {
    expect(moved({ scale: 2, x: 0, y: 0 }, 9999, -9999, box)).toEqual({ scale: 2, x: 200, y: -100 });
    expect(kept({ scale: 1, x: 50, y: 50 }, box)).toEqual(WHOLE);
  });
});
