"""The room link: one framed binary stream between a gateway replica and a room actor."""
