/** Which picture of the conversation is looked at? */
import { ref } from "vue";
import type { AttachmentShape, Item } from "@/api/types";
import { ownPath } from "@/ui/safe";

export interface Picture {
  file: AttachmentShape;
  item: Item;
}

/** The attachment's id; null: none. */
export const looked = ref<string | null>(null);

export const isPicture = (file: AttachmentShape): boolean => file.kind === "photo" && file.state === "ready" && ownPath(file.url) !== null;

/** All pictures of a timeline, in its order. */
export const picturesOf = (items: readonly Item[]): Picture[] => items.flatMap((item) => item.attachments.filter(isPicture).map((file) => ({ file, item })));
