/** The reply window counts real hours, also over the night when clocks change. */
import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE, SECOND } from "@/time/clock";
import { crossed, look, mayWrite } from "@/time/window";
import { OPEN_WINDOW } from "./things";

const micros = (iso: string): number => Date.parse(iso) * 1000;
const closing = (at: number): typeof OPEN_WINDOW => ({ ...OPEN_WINDOW, closes_at: at });

describe("reply window", () => {
  it("is open until the last moment and shut at it", () => {
    const at = micros("2025-03-12T10:00:00Z");
    expect(look(closing(at), at - 1).kind).toBe("open");
    expect(look(closing(at), at)).toEqual({ kind: "shut", state: "closed" });
    expect(mayWrite(closing(at), at)).toBe(false);
  });

  it.each([
    ["spring, an hour is missing", "2025-03-29T20:00:00Z"],
    ["autumn, an hour comes twice", "2025-10-25T20:00:00Z"],
  ])("gives 24 hours in %s", (_, written) => {
    const said = micros(written);
    const window = closing(said + DAY);
    const now = look(window, said);
    expect(now).toMatchObject({ kind: "open", left: DAY });
    expect(look(window, said + 23 * HOUR + 59 * MINUTE)).toMatchObject({ kind: "open", urgency: "minutes" });
    expect(look(window, said + 24 * HOUR).kind).toBe("shut");
  });

  it("changes its look at 6 hours, 1 hour and 10 minutes", () => {
    const urgency = (left: number): unknown => look(closing(DAY), DAY - left);
    expect(urgency(6 * HOUR + SECOND)).toMatchObject({ urgency: "far" });
    expect(urgency(6 * HOUR)).toMatchObject({ urgency: "hours" });
    expect(urgency(HOUR)).toMatchObject({ urgency: "hour" });
    expect(urgency(10 * MINUTE)).toMatchObject({ urgency: "minutes" });
  });

  it("announces each threshold once, and only the nearest of several", () => {
    const at = 10 * HOUR;
    expect(crossed(at, at - 61 * MINUTE, at - 60 * MINUTE)).toBe(HOUR);
    expect(crossed(at, at - 60 * MINUTE, at - 59 * MINUTE)).toBeNull();
    expect(crossed(at, at - 2 * HOUR, at - MINUTE)).toBe(2 * MINUTE);
    expect(crossed(at, at - SECOND, at)).toBe(0);
  });

  it("warns instead of forbidding where the company chose to", () => {
    expect(look({ ...closing(DAY), enforcement: "warn" }, DAY).kind).toBe("warn");
    expect(look({ ...closing(DAY), enforcement: "off" }, DAY).kind).toBe("none");
    expect(look({ ...OPEN_WINDOW, state: "blocked_by_client" }, 0)).toEqual({ kind: "shut", state: "blocked_by_client" });
  });
});
