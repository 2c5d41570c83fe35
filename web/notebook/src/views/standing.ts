/** What is to be said of a name: whether somebody vouches for it. */

import type { Person } from "../../../app/src/room/logic/people.ts";

export function standing({ verified }: Pick<Person, "verified">): string {
  return verified === true ? "the name is verified." : "a guest, by a name that anybody could have chosen.";
}
