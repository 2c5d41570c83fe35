/** What the loader calls: shows a view of a widget in its host element. */

import { effect } from "@preact/signals";
import { render } from "preact";
import { readMark } from "../../app/src/room/readMark.ts";
import { afterOnPage } from "../../app/src/room/timers.ts";
import { RayroomsError } from "../../client/src/errors.ts";
import { channelOf } from "./channel.ts";
import { notebookLanguages } from "./grammars/load.ts";
import { keepKeys } from "./keepKeys.ts";
import type { MountOptions } from "./loader/loader.ts";
import { showNotices } from "./notices.tsx";
import { OpenRoom } from "./openRoom.ts";
import { liveOptions } from "./options.ts";
import { jupyterPage } from "./page.ts";
import { openSession } from "./session/index.ts";
import { SessionPool } from "./sessions.ts";
import { adoptStyles } from "./styles.ts";
import { jupyterIsDark, viewIsDark } from "./theme.ts";
import { ViewRoom } from "./viewRoom.ts";
import { Problem } from "./views/Problem.tsx";
import { Widget } from "./views/Widget.tsx";

/** Of all views of the page. */
const pool = new SessionPool<OpenRoom>();

export function mount({ model, host, signal, load }: MountOptions): void {
  const root = host.attachShadow({ mode: "open" });
  adoptStyles(root);
  keepKeys(root);
  signal.addEventListener("abort", () => render(null, root));
  const jupyter = jupyterIsDark(
    { body: document.body, prefersDark: matchMedia("(prefers-color-scheme: dark)") },
    signal,
  );
  try {
    const options = liveOptions(model);
    const isDark = viewIsDark(options, jupyter);
    const stopTheme = effect(() => {
      host.setAttribute("data-theme", isDark.value ? "dark" : "light");
    });
    const channel = channelOf(model);
    const page = jupyterPage(model);
    const ports = { readMark, now: () => performance.now(), after: afterOnPage };
    const room = new ViewRoom(options, {
      pool,
      open: async (wanted) => new OpenRoom(await openSession(wanted, channel, page), ports),
      after: afterOnPage,
    });
    const hideNotices = showNotices(isDark);
    signal.addEventListener("abort", () => {
      room.dispose();
      stopTheme();
      hideNotices();
    });
    render(<Widget parts={{ options, room, channel, isDark, host, loadLanguage: notebookLanguages(load) }} />, root);
  } catch (error) {
    if (!(error instanceof RayroomsError)) throw error;
    host.setAttribute("data-state", "failed");
    render(<Problem title="This widget cannot be shown" detail={error.message} />, root);
  }
}
