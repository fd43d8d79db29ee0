/** Where does F6 go next? The panes of the page in their order. */
export function nextPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")].filter((pane) => pane.offsetParent !== null);
  if (!panes.length) return;
  const at = panes.findIndex((pane) => pane.contains(document.activeElement));
  const next = panes[(at + step + panes.length) % panes.length];
  const target = next?.querySelector<HTMLElement>("[data-pane-focus]") ?? next;
  target?.focus();
}
