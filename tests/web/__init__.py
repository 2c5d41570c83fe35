"""The TypeScript side's own tests, and the import law there."""
