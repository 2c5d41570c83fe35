/** Reading a file into the document, and naming the document as a file. */

/** What a document may hold unless its server was told otherwise, in bytes; larger files are not even read. */
export const MAX_FILE_BYTES = 5 * 1024 * 1024;

export type ReadText = { ok: true; text: string } | { ok: false; reason: string };

/** Why a file is refused by its size alone; null when it is not. */
export function tooLarge(bytes: number): string | null {
  if (bytes <= MAX_FILE_BYTES) {
    return null;
  }
  const size = (bytes / (1024 * 1024)).toFixed(1);
  return `This file is ${size} MB. A room holds up to ${MAX_FILE_BYTES / (1024 * 1024)} MB of text.`;
}

/** The text in `bytes`: UTF-8, or UTF-16 that says so. Line ends become \n. What is not text is refused. */
export function readText(bytes: Uint8Array): ReadText {
  try {
    const text = new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
    return text.includes("\0") ? notText() : { ok: true, text: text.replaceAll(/\r\n?/g, "\n") };
  } catch {
    return notText();
  }
}

/** A file name for the room `name` that every system takes; `extension` begins with its dot. */
export function fileName(name: string, extension: string): string {
  const plain = name
    .normalize("NFC")
    .replaceAll(/[\p{Cc}\p{Cf}<>:"/\\|?*]+/gu, " ")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/^[. ]+|[. ]+$/g, "")
    .slice(0, 100);
  return `${plain === "" ? "room" : plain}${extension}`;
}

function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return "utf-16le";
  }
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
}

function notText(): ReadText {
  return { ok: false, reason: "This file is not plain text. Rooms hold text in UTF-8." };
}
