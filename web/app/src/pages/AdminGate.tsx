/** Who may come to the admin page, and loading it: few people ever need it. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import type { AdminPageProps } from "../admin/AdminPage.tsx";
import { pass } from "../admin/access.ts";
import { refusalWords } from "../admin/refusal.ts";
import { session } from "../api.ts";
import { ProblemPage, Spinner } from "../components/index.ts";
import { useTitle } from "../title.ts";

const AdminPage = signal<FunctionComponent<AdminPageProps> | null>(null);
const failed = signal(false);

async function loadAdminPage(): Promise<void> {
  try {
    const module = await import("../admin/AdminPage.tsx");
    AdminPage.value = module.AdminPage;
  } catch {
    failed.value = true;
  }
}

export function AdminGate() {
  const token = pass.token.value;
  const user = session.user.value;
  if (token === null && (user === null || pass.ended.value)) {
    return <ProblemPage kind="not-yours" detail={refusalWords(user, pass.ended.value)} />;
  }
  return <Loaded key={token ?? user?.id} byLink={token !== null} />;
}

function Loaded({ byLink }: AdminPageProps) {
  useEffect(() => {
    if (AdminPage.peek() === null) void loadAdminPage();
  }, []);
  useTitle("Server");
  if (AdminPage.value !== null) return <AdminPage.value byLink={byLink} />;
  if (failed.value) return <ProblemPage kind="away" onRetry={() => location.reload()} />;
  return (
    <main class="opening" id="main" tabIndex={-1}>
      <Spinner size={20} label="Opening the page" />
    </main>
  );
}
