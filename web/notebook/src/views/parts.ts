/** What the parts of a view need of it. */

import type { ReadonlySignal } from "@preact/signals";
import type { LanguageLoader } from "../../../editor/src/languageSupport.ts";
import type { KernelChannel } from "../channel.ts";
import type { WidgetOptions } from "../model.ts";
import type { ViewRoom } from "../viewRoom.ts";

export interface ViewParts {
  readonly options: ReadonlySignal<WidgetOptions>;
  readonly room: ViewRoom;
  readonly channel: KernelChannel;
  readonly isDark: ReadonlySignal<boolean>;
  readonly host: HTMLElement;
  readonly loadLanguage: LanguageLoader;
}
