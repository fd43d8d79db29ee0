/** How is a picture looked at closely? Pure: what is under the fingers stays under them, and the picture stays in sight. */
export interface Zoom {
  scale: number;
  /** How far the middle of the picture is from the middle of the box. */
  x: number;
  y: number;
}
export interface Size {
  width: number;
  height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
const MOST = 8;

const within = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

/** Never so far that the box shows nothing of it. `box` is what the whole picture fills at scale 1. */
export function kept(zoom: Zoom, box: Size): Zoom {
  const scale = Math.max(1, Math.min(MOST, zoom.scale));
  if (scale === 1) return WHOLE;
  return { scale, x: within(zoom.x, (box.width * (scale - 1)) / 2), y: within(zoom.y, (box.height * (scale - 1)) / 2) };
}

/** Larger or smaller around a point, told from the middle of the box. */
export function zoomAt(zoom: Zoom, factor: number, at: { x: number; y: number }, box: Size): Zoom {
  const scale = Math.max(1, Math.min(MOST, zoom.scale * factor));
  const ratio = scale / zoom.scale;
  return kept({ scale, x: at.x - (at.x - zoom.x) * ratio, y: at.y - (at.y - zoom.y) * ratio }, box);
}

export const moved = (zoom: Zoom, dx: number, dy: number, box: Size): Zoom => kept({ ...zoom, x: zoom.x + dx, y: zoom.y + dy }, box);
