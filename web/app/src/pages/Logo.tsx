/** The mark: a room whose door stands open, and the light that falls through it. */

export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <rect class="logo__wall" x="1" y="1" width="22" height="22" rx="6" />
      <path class="logo__ray" d="M12 14.5h6L11.5 23H5z" />
      <rect class="logo__door" x="12" y="5.5" width="6" height="9" rx="1" />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span class="wordmark">
      <Logo />
      Rayrooms
    </span>
  );
}
