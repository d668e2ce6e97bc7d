"""Errors of backups, restores, exports and imports of the log."""


class ArchiveError(Exception):
    """Base of this package's errors; the message is one line and names the next step."""


class ArchiveRefused(ArchiveError):
    """The file or the database does not allow it. Nothing was changed unless the message says so."""


class ArchiveDiffers(ArchiveError):
    """The archive or the restored log is not what was expected; the message names the first difference."""
