/** Locks between the tabs of one browser, which it releases when a tab ends, however it ends. */

export type Locks = Pick<LockManager, "request">;

/** Take a lock that is free now and hold it until the returned function is called; null when somebody else holds it. */
export function tryLock(locks: Locks, name: string): Promise<(() => void) | null> {
  return new Promise((resolve, reject) => {
    const request = locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(null);
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
    request.catch(reject);
  });
}
