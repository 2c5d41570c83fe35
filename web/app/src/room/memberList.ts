/** The members of a room, read over REST whenever something shows that they changed. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Member, Page, Participant, RestClient } from "../../../client/src/index.ts";
import type { MemberFacts } from "./logic/people.ts";

const PAGE = 200;
/** Longer lists are cut: nobody reads on, and those who are here are shown in any case. */
const MOST = 1_000;

export class MemberList {
  readonly all: ReadonlySignal<readonly MemberFacts[]>;

  readonly #rest: () => RestClient | null;
  readonly #roomId: string;
  readonly #members = signal<readonly MemberFacts[]>([]);
  /** Of whom the list was asked for: what differs after that (a name changed since, say) differs for good. */
  readonly #askedFor = new Set<string>();
  #reading: Promise<void> | null = null;
  #isStale = false;

  /** Where `rest` is null, the list stays as it is. */
  constructor(rest: () => RestClient | null, roomId: string) {
    this.#rest = rest;
    this.#roomId = roomId;
    this.all = this.#members;
  }

  /** Someone is here. Reads the list anew when it does not have them as they are. */
  async meet(participant: Participant): Promise<void> {
    const { user_id, role, name } = participant;
    const known = this.#members.peek().find((member) => member.user_id === user_id);
    const facts = JSON.stringify([user_id, role, name]);
    if ((known !== undefined && known.role === role && known.name === name) || this.#askedFor.has(facts)) {
      return;
    }
    this.#askedFor.add(facts);
    await this.refresh();
  }

  /** Read the list; asked for while it is being read, it is read once more. Keeps what it had when that fails. */
  async refresh(): Promise<void> {
    if (this.#reading !== null) {
      this.#isStale = true;
      return this.#reading;
    }
    this.#reading = this.#readAsLongAsStale();
    try {
      await this.#reading;
    } finally {
      this.#reading = null;
    }
  }

  async #readAsLongAsStale(): Promise<void> {
    do {
      this.#isStale = false;
      try {
        const rest = this.#rest();
        if (rest !== null) this.#members.value = await this.#read(rest);
      } catch {
        // whoever asked meanwhile is why it is read again; else the next change, or the next join, asks
      }
    } while (this.#isStale);
  }

  async #read(rest: RestClient): Promise<MemberFacts[]> {
    const members: MemberFacts[] = [];
    let offset: number | null = 0;
    while (offset !== null && members.length < MOST) {
      const page: Page<Member> = await rest.members(this.#roomId, {
        limit: PAGE,
        offset,
      });
      members.push(...page.items);
      offset = page.next;
    }
    return members;
  }
}
