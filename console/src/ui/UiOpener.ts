/** The button that opens a menu or a panel: the caller's own, told what it opens, there before what it opens is. */
import { cloneVNode, Comment, defineComponent, Fragment, type PropType, type VNode } from "vue";

/** The one element among what a slot gave. */
function only(nodes: readonly VNode[]): VNode | undefined {
  const found = nodes.find((node) => node.type !== Comment);
  return found?.type === Fragment && Array.isArray(found.children) ? only(found.children as VNode[]) : found;
}

export default defineComponent({
  name: "UiOpener",
  props: { id: { type: String, required: true }, kind: { type: String as PropType<"menu" | "dialog">, required: true }, open: Boolean },
  emits: { toggle: () => true, show: () => true, element: (_: HTMLElement | null) => true },
  setup(props, { slots, emit }) {
    const element = (found: unknown): void => emit("element", found instanceof HTMLElement ? found : null);
    const onKeydown = (event: KeyboardEvent): void => {
      if (props.kind !== "menu" || event.code !== "ArrowDown") return;
      event.preventDefault();
      emit("show");
    };
    return () => {
      const button = only(slots.default?.() ?? []);
      return button && cloneVNode(button, {
        id: props.id,
        ref: element,
        "aria-haspopup": props.kind,
        "aria-expanded": props.open,
        "aria-controls": props.open ? `${props.id}-content` : undefined,
        "data-state": props.open ? "open" : "closed",
        onClick: () => emit("toggle"),
        onKeydown,
      });
    };
  },
});
