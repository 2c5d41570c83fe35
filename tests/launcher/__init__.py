"""Starting and stopping whole servers, and the files that describe how."""
