"""The REST routes: contract tests that any server must pass, and tests of what only a stand-in for live rooms shows."""
