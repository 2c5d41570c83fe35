/**
 * The error tree: every refusal that a caller can meet, with its stable code and its HTTP status.
 *
 *     RayroomsError
 *     ├── InvalidError          422  malformed, invalid_operation, invalid_text, future_version, not_joined, unknown_event
 *     ├── UnauthenticatedError  401  bad_token
 *     ├── ForbiddenError        403  forbidden, read_only
 *     ├── NotFoundError         404  room_not_found, user_not_found, message_not_found, snapshot_not_found,
 *     │                              invitation_invalid, node_not_found
 *     ├── ConflictError         409  version_too_old, out_of_order, room_full, already_exists, superseded,
 *     │                              too_many_rooms, too_many_members
 *     ├── GoneError             410  invitation_expired, invitation_revoked
 *     ├── TooLargeError         413  message_too_large, document_too_large
 *     ├── UpgradeRequiredError  426  upgrade_required
 *     ├── RateLimitedError      429  rate_limited, too_many_connections
 *     └── UnavailableError      503  room_unavailable, room_load_failed, backlog_full, database_unavailable,
 *                                   keys_unavailable
 *
 * Servers send the codes; `fromCode` makes the same errors of them again.
 */

/** Base of all errors of this library; `code` is stable, `message` is a sentence for people. */
export class RayroomsError extends Error {
  protected static readonly defaultCode: string = "internal";
  protected static readonly status: number | null = null;

  override readonly name = "RayroomsError";
  readonly code: string;
  /** The HTTP status that goes with it; null for a code that this client does not know. */
  readonly status: number | null;
  /** In how many seconds the same may be tried again, where whoever refused it has said so. */
  readonly retryAfter: number | null;

  constructor(message: string, options: { code?: string; cause?: unknown; retryAfter?: number | null } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = options.code ?? new.target.defaultCode;
    this.status = new.target.status;
    this.retryAfter = options.retryAfter ?? null;
  }
}

/** What was sent is wrong in itself and will be wrong again. */
export class InvalidError extends RayroomsError {
  protected static override readonly defaultCode = "malformed";
  protected static override readonly status = 422;
}

/** No token, or one that does not hold. */
export class UnauthenticatedError extends RayroomsError {
  protected static override readonly defaultCode = "bad_token";
  protected static override readonly status = 401;
}

/** Known, but not allowed. */
export class ForbiddenError extends RayroomsError {
  protected static override readonly defaultCode = "forbidden";
  protected static override readonly status = 403;
}

/** No such room, user, message, snapshot or invitation. */
export class NotFoundError extends RayroomsError {
  protected static override readonly defaultCode = "room_not_found";
  protected static override readonly status = 404;
}

/** Right in itself, wrong for the present state; a resync or another choice mends it. */
export class ConflictError extends RayroomsError {
  protected static override readonly defaultCode = "conflict";
  protected static override readonly status = 409;
}

/** It was good once and will not be again. */
export class GoneError extends RayroomsError {
  protected static override readonly defaultCode = "invitation_expired";
  protected static override readonly status = 410;
}

/** Over a configured size. */
export class TooLargeError extends RayroomsError {
  protected static override readonly defaultCode = "message_too_large";
  protected static override readonly status = 413;
}

/** This client is older than the server can talk to; a newer one is to be had. */
export class UpgradeRequiredError extends RayroomsError {
  protected static override readonly defaultCode = "upgrade_required";
  protected static override readonly status = 426;
}

/** Too many in too short a time. */
export class RateLimitedError extends RayroomsError {
  protected static override readonly defaultCode = "rate_limited";
  protected static override readonly status = 429;
}

/** Cannot be served now; the same request may succeed later. */
export class UnavailableError extends RayroomsError {
  protected static override readonly defaultCode = "room_unavailable";
  protected static override readonly status = 503;
}

const BY_CODE = new Map<string, typeof RayroomsError>();
const TREE: readonly (readonly [kind: typeof RayroomsError, ...codes: string[]])[] = [
  [InvalidError, "malformed", "invalid_operation", "invalid_text", "future_version", "not_joined", "unknown_event"],
  [UnauthenticatedError, "bad_token"],
  [ForbiddenError, "forbidden", "read_only"],
  [
    NotFoundError,
    "room_not_found",
    "user_not_found",
    "message_not_found",
    "snapshot_not_found",
    "invitation_invalid",
    "node_not_found",
  ],
  [ConflictError, "conflict", "version_too_old", "out_of_order", "room_full", "already_exists", "superseded"],
  [ConflictError, "too_many_rooms", "too_many_members"],
  [GoneError, "invitation_expired", "invitation_revoked"],
  [TooLargeError, "message_too_large", "document_too_large"],
  [UpgradeRequiredError, "upgrade_required"],
  [RateLimitedError, "rate_limited", "too_many_connections"],
  [
    UnavailableError,
    "room_unavailable",
    "room_load_failed",
    "backlog_full",
    "database_unavailable",
    "keys_unavailable",
  ],
];
for (const [kind, ...codes] of TREE) {
  for (const code of codes) {
    BY_CODE.set(code, kind);
  }
}

/** The error that a received `code` stands for; an unknown code becomes a plain RayroomsError that keeps it. */
export function fromCode(code: string, message: string, retryAfter: number | null = null): RayroomsError {
  const Kind = BY_CODE.get(code) ?? RayroomsError;
  return new Kind(message, { code, retryAfter });
}
