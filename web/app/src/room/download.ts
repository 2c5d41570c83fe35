/** Gives a text to the reader as a file. */

import { findLanguage } from "../../../editor/src/languages.ts";
import { fileName } from "./logic/textFile.ts";

/** The browser saves `text`, named after the room, with the ending of its language. */
export function download(roomName: string, languageId: string, text: string): void {
  const language = findLanguage(languageId);
  const address = URL.createObjectURL(new Blob([text], { type: `${language.mime};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName(roomName, language.extension);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after this turn
}
