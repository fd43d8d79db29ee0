/** Which button of ours opened it? Told to the library of overlays, which gives the focus back there. */
import { defineComponent, toRef, type PropType } from "vue";
import { injectDropdownMenuRootContext, injectPopoverRootContext } from "reka-ui";

interface Root {
  triggerId: string;
  contentId: string;
  triggerElement: unknown;
}

const holder = (root: () => Root) =>
  defineComponent({
    props: { id: { type: String, required: true }, element: { type: Object as PropType<HTMLElement>, required: true } },
    setup(props) {
      Object.assign(root(), { triggerId: props.id, contentId: `${props.id}-content`, triggerElement: toRef(props, "element") });
      return () => null;
    },
  });

export const HeldMenu = holder(() => injectDropdownMenuRootContext());
export const HeldPopover = holder(() => injectPopoverRootContext());
