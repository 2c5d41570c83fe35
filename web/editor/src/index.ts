/** The editor of a room, and the history of its document. */

export type { AuthorRun } from "./authorship.ts";
export { type Coloured, type Colours, colourOf } from "./colours.ts";
export { type EditorOptions, type EditorRoom, RoomEditor } from "./editor.ts";
export { loadLanguage } from "./grammars.ts";
export { type EditSession, History, type HistoryEntry, type HistoryOptions } from "./history.ts";
export { HistoryView, type HistoryViewOptions } from "./historyView.ts";
export type { LanguageLoader } from "./languageSupport.ts";
export { findLanguage, isProse, LANGUAGES, type Language } from "./languages.ts";
