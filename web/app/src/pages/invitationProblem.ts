/** What it means that an invitation does not work. Pure. */

/** A sentence for people about a refusal's `code`; null for one that has nothing to do with the invitation. */
export function invitationProblem(code: string): string | null {
  switch (code) {
    case "invitation_expired":
      return "This invitation has expired. Ask whoever sent it for a new one.";
    case "invitation_revoked":
      return "This invitation was taken back. Ask whoever sent it whether you should get a new one.";
    case "room_not_found":
      return "The room that this invitation leads to was deleted.";
    case "invitation_invalid":
    case "malformed":
    case "invalid_text":
      return "The link may have been cut short. Open it again from the message it came in, or ask for a new one.";
    default:
      return null;
  }
}
