"""Errors that keep a process of the service from starting."""


class ServiceError(Exception):
    """Base of this package's errors; the message is one line and names the next step."""


class NotConfigured(ServiceError):
    """A required setting has no value. Set it."""


class CannotListen(ServiceError):
    """The address or port cannot be bound. Choose another, or stop the process that has it."""


class SchemaMissing(ServiceError):
    """The database has no schema of Tenure. Run tenure migrate up."""
