"""The write-behind: many feeds in, one transaction a tick out."""

from persistence.writer.service import Writer, WriterStats

__all__ = ["Writer", "WriterStats"]
