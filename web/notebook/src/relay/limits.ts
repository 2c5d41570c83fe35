/** When a link sends, sends again and gives up, and how much it holds. */

/**
 * Times in milliseconds, sizes in code points. Both ends of a link must go by the same `packet` and `window`.
 *
 * A code point is 4 bytes in UTF-8 at most, but one mostly: a full packet is about 50 kB of common text, and 160 kB of
 * the worst.
 */
export interface Limits {
  /** The most in one packet; each frame in it counts one more. */
  packet: number;
  /** Packets on their way, from the oldest that is not acknowledged. */
  window: number;
  /** Between packets that are not full. The first after a quiet time goes at once. */
  coalesce: number;
  /** How long an acknowledgement waits for a packet to ride on. */
  ackDelay: number;
  /** So many packets are acknowledged at once. */
  ackEvery: number;
  /** Before a packet goes again, while no round trip has been measured. */
  resendFirst: number;
  /** Well over the 100 ms that an acknowledgement may wait and the 40 ms of Jupyter's own delay. */
  resendLeast: number;
  /** The most that measured round trips make of it: a kernel that was busy for a minute is not slow for ever. */
  resendUsual: number;
  /** The most that doubling with each vain try makes of it. */
  resendMost: number;
  /** How often an unanswered `open` is repeated. */
  openEvery: number;
  /** How long the kernel's end hears nothing before it asks, and between its questions. */
  pingEvery: number;
  /** Of silence, or without an acknowledgement that is due. */
  deadAfter: number;
  /** How long an end that was closed tries to deliver what it still has. */
  linger: number;
  /** From here on the stream is full: its source should wait. */
  queuePause: number;
  /** A source that does not wait is cut off here. */
  queueMost: number;
  /** The longest frame that is put together from packets. */
  frameMost: number;
}

export const DEFAULT_LIMITS: Limits = {
  packet: 40_000,
  window: 16,
  coalesce: 50,
  ackDelay: 100,
  ackEvery: 4,
  resendFirst: 1_000,
  resendLeast: 300,
  resendUsual: 2_000,
  resendMost: 8_000,
  openEvery: 1_000,
  pingEvery: 15_000,
  deadAfter: 60_000,
  linger: 5_000,
  queuePause: 500_000,
  queueMost: 8_000_000,
  frameMost: 64 * 1024 * 1024,
};
