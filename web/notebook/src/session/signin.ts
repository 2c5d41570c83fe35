/** The ways to sign in as a guest: at the room server itself, through Jupyter's server, and through the kernel. */

import type { SignedIn } from "../../../app/src/session.ts";
import { fromCode, UnavailableError } from "../../../client/src/errors.ts";
import { isObject } from "../../../client/src/transport/connection.ts";
import { KERNEL_GONE, type KernelChannel } from "../channel.ts";
import type { LadderOptions } from "./ladder.ts";

type After = LadderOptions["after"];

/** Milliseconds for an answer. A kernel that computes answers late. */
const REST_WITHIN = 3_000;
const KERNEL_WITHIN = 10_000;

/** `call`, but rejecting with UnavailableError when that takes too long. */
export function byRest(after: After, call: () => Promise<SignedIn>): Promise<SignedIn> {
  return new Promise((resolve, reject) => {
    const cancel = after(REST_WITHIN, () => reject(new UnavailableError("The room server does not answer.")));
    call().then(resolve, reject).finally(cancel);
  });
}

/** Ask the kernel to sign in a guest called `name`. Rejects with what the room server refuses with. */
export function byKernel(channel: KernelChannel, after: After, name: string): Promise<SignedIn> {
  return new Promise((resolve, reject) => {
    const ends: (() => void)[] = [];
    const end = () => {
      for (const one of ends.splice(0)) one();
    };
    const fail = (message: string) => {
      end();
      reject(new UnavailableError(message));
    };
    if (!channel.isAlive) {
      fail(KERNEL_GONE);
      return;
    }
    ends.push(
      channel.listen(({ kind, session, error }) => {
        if (kind !== "guest") return;
        end();
        const signedIn = readSignedIn(session);
        if (signedIn !== null) resolve(signedIn);
        else reject(readError(error));
      }),
      after(KERNEL_WITHIN, () => fail("The kernel does not answer: it may be busy.")),
      channel.onDeath(() => fail(KERNEL_GONE)),
    );
    channel.send({ kind: "guest", name });
  });
}

function readSignedIn(value: unknown): SignedIn | null {
  const { token, user_id, name, expires_at } = isObject(value) ? value : {};
  const isWhole =
    typeof token === "string" &&
    typeof user_id === "string" &&
    typeof name === "string" &&
    typeof expires_at === "string";
  return isWhole ? { token, user_id, name, expires_at } : null;
}

function readError(value: unknown): Error {
  const { code, message } = isObject(value) ? value : {};
  if (typeof code === "string" && typeof message === "string") return fromCode(code, message);
  return new UnavailableError("The kernel's answer cannot be read.");
}
