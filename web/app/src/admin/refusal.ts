/** What somebody is told who sees nothing on the admin page. Pure. */

const HOW = "On its machine, “scripts/rayrooms admin-link” prints a link that opens this page.";

/** Why somebody sees nothing here, and what would help; `name` is that of who is signed in. */
export function refusalWords(who: { name: string } | null, linkEnded: boolean): string {
  if (linkEnded) return `The link that you came by does not hold any more. ${HOW}`;
  return who === null ? HOW : `You are signed in as ${who.name}, who does not run it. ${HOW}`;
}
