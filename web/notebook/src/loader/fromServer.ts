/** A file of the bundle from the Jupyter server, where the extension serves it. */

const TIMEOUT_MS = 10_000;

/** The text at `url`; null when the server has no such script: it lacks the extension, or has another version of it. */
export async function fromServer(url: string, fetch: typeof globalThis.fetch): Promise<string | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    // A server that wants a login answers with a page.
    const isScript = answer.ok && (answer.headers.get("content-type") ?? "").includes("javascript");
    return isScript ? await answer.text() : null;
  } catch {
    return null;
  }
}
