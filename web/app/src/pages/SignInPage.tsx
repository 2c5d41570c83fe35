/** The first page: what this is, and signing in by name. */

import { session } from "../api.ts";
import { ThemeToggle } from "../components/index.ts";
import { useTitle } from "../title.ts";
import { Glimpse } from "./Glimpse.tsx";
import { Wordmark } from "./Logo.tsx";
import { SignInForm } from "./SignInForm.tsx";

/** `purpose`: what signing in is for, when the address says more than "my rooms". */
export function SignInPage({ purpose }: { purpose?: string }) {
  useTitle("Sign in");
  return (
    <div class="entrance">
      <header class="entrance__head">
        <Wordmark />
        <ThemeToggle />
      </header>
      <main class="entrance__main" id="main" tabIndex={-1}>
        <div class="entrance__words">
          {session.ended && (
            <p class="notice" role="status">
              Your last sign-in has ended. Sign in again to go on here.
            </p>
          )}
          <h1>{session.lastName ? "Welcome back" : "Write together, in one room"}</h1>
          <p class="entrance__lead">
            {purpose ?? "Text and code that several people edit at once. Nothing to install, and no account to make."}
          </p>
          <SignInForm />
        </div>
        <Glimpse />
      </main>
    </div>
  );
}
